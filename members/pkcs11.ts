import { createRequire } from 'node:module';
import { concat, utf8 } from '../values/bytes.ts';
import { Refusal } from '../values/refusal.ts';

/**
 * PKCS#11 3.0 (OASIS), as much of it as finding, making and using an Ed25519 key takes. The layout of its structures is that of
 * 64-bit little-endian Unix: CK_ULONG has eight bytes, nothing is packed. Calls run on threads beside the event loop.
 */

interface NativeFunction {
  async(...args: unknown[]): void;
}
interface Library {
  func(name: string, result: unknown, args: readonly unknown[]): (...args: unknown[]) => number;
}
/** What is used of koffi; it may be absent, and the program must compile without it. */
interface Koffi {
  config(options: Readonly<Record<string, number>>): unknown;
  load(path: string, options: { deep: boolean }): Library;
  out(type: unknown): unknown;
  pointer(type: unknown): unknown;
  proto(result: string, args: readonly string[]): unknown;
  decode(pointer: unknown, type: unknown): NativeFunction;
  decode(pointer: unknown, offset: number, type: string): unknown;
  address(memory: Uint8Array): bigint;
}

/** Place in CK_FUNCTION_LIST, and arguments. */
const FUNCTIONS = {
  C_Initialize: [0, ['void *']],
  C_Finalize: [1, ['void *']],
  C_GetSlotList: [4, ['uint8_t', 'void *', 'void *']],
  C_GetTokenInfo: [6, ['ulong', 'void *']],
  C_OpenSession: [12, ['ulong', 'ulong', 'void *', 'void *', 'void *']],
  C_CloseSession: [13, ['ulong']],
  C_CloseAllSessions: [14, ['ulong']],
  C_Login: [18, ['ulong', 'ulong', 'void *', 'ulong']],
  C_GetAttributeValue: [24, ['ulong', 'ulong', 'void *', 'ulong']],
  C_FindObjectsInit: [26, ['ulong', 'void *', 'ulong']],
  C_FindObjects: [27, ['ulong', 'void *', 'ulong', 'void *']],
  C_FindObjectsFinal: [28, ['ulong']],
  C_SignInit: [42, ['ulong', 'void *', 'ulong']],
  C_Sign: [43, ['ulong', 'void *', 'ulong', 'void *', 'void *']],
  C_GenerateKeyPair: [59, ['ulong', 'void *', 'void *', 'ulong', 'void *', 'ulong', 'void *', 'void *']],
} as const satisfies Record<string, readonly [number, readonly string[]]>;
type FunctionName = keyof typeof FUNCTIONS;

export const CKR = {
  OK: 0x0,
  PIN_INCORRECT: 0xa0,
  PIN_INVALID: 0xa1,
  PIN_LEN_RANGE: 0xa2,
  PIN_EXPIRED: 0xa3,
  PIN_LOCKED: 0xa4,
  USER_ALREADY_LOGGED_IN: 0x100,
  ALREADY_INITIALIZED: 0x191,
} as const;

/** A call that did not do what it was asked to. */
export class Pkcs11Error extends Error {
  readonly rv: number;

  constructor(name: string, rv: number) {
    super(`${name}: CKR 0x${rv.toString(16)}`);
    this.name = 'Pkcs11Error';
    this.rv = rv;
  }
}

const CKA = {
  CLASS: 0x0,
  TOKEN: 0x1,
  PRIVATE: 0x2,
  LABEL: 0x3,
  KEY_TYPE: 0x100,
  ID: 0x102,
  SENSITIVE: 0x103,
  SIGN: 0x108,
  VERIFY: 0x10a,
  EXTRACTABLE: 0x162,
  EC_PARAMS: 0x180,
  EC_POINT: 0x181,
} as const;
const CLASS = { public: 2n, private: 3n } as const;
const CKK_EC_EDWARDS = 0x40n;
const CKM_EC_EDWARDS_KEY_PAIR_GEN = 0x1055n;
const CKM_EDDSA = 0x1057n;
const CKF_OS_LOCKING_OK = 2n;
const CKF_SERIAL_SESSION = 4;
const CKF_RW_SESSION = 2;
const CKU_USER = 1;
/** OID 1.3.101.112 in DER. */
const ED25519_PARAMS = Uint8Array.of(0x06, 0x03, 0x2b, 0x65, 0x70);
const CKF_LOGIN_REQUIRED = 0x4n;
const CKF_USER_PIN_FINAL_TRY = 0x20000n;
const CKF_USER_PIN_LOCKED = 0x40000n;

const PATIENCE_MS = 30_000;

function ulong(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}
const yes = Uint8Array.of(1);
const no = Uint8Array.of(0);

type Attribute = readonly [type: number, value: Uint8Array];
export type KeyName = { readonly key: string } | { readonly id: string };
const named = (name: KeyName): Attribute =>
  'key' in name ? [CKA.LABEL, utf8(name.key)] : [CKA.ID, Buffer.from(name.id, 'hex')];

export interface TokenState {
  readonly slot: bigint;
  readonly label: string;
  readonly loginRequired: boolean;
  readonly pinLocked: boolean;
  /** One more wrong PIN locks the token. */
  readonly pinFinalTry: boolean;
}

function unavailable(message: string, cause?: unknown): Refusal {
  return new Refusal(503, 'token-unavailable', message, {
    remedy: 'See that the token is there and its library is the one that the key file names; OPERATIONS.md, keys.',
    cause,
  });
}

let loadedKoffi: Koffi | undefined;

/** Only who has a token needs the package, and only on its platforms is it there. */
function loadKoffi(): Koffi {
  if (loadedKoffi !== undefined) return loadedKoffi;
  try {
    const koffi = createRequire(import.meta.url)('koffi') as Koffi;
    // Drivers of tokens want more stack than koffi's 128 KiB.
    koffi.config({ async_stack_size: 1_048_576 });
    loadedKoffi = koffi;
    return koffi;
  } catch (cause) {
    throw unavailable('The package koffi, by which tokens are reached, is not installed here.', cause);
  }
}

/** A PKCS#11 library, loaded once a process. */
export class Pkcs11 {
  static readonly #loaded = new Map<string, Pkcs11>();
  readonly #koffi: Koffi;
  /** Held for as long as the process lives: koffi unloads a library that nobody holds, under the functions that are called. */
  readonly library: Library;
  /** By label of a token, the PIN that did not open it: no second try locks the token, and another PIN is tried. */
  readonly wrongPins = new Map<string, string>();
  readonly #functions: Readonly<Record<FunctionName, NativeFunction>>;
  /** What a call points to must not be collected before it ends. */
  readonly #pinned = new Set<readonly Uint8Array[]>();
  #last: Promise<unknown> = Promise.resolve();

  private constructor(path: string) {
    const koffi = loadKoffi();
    this.#koffi = koffi;
    let list: unknown;
    try {
      const found: unknown[] = [null];
      // Deep: a library that brings an OpenSSL must not find the one in Node.
      this.library = koffi.load(path, { deep: true });
      const get = this.library.func('C_GetFunctionList', 'ulong', [koffi.out(koffi.pointer('void *'))]);
      const rv = get(found);
      if (rv !== CKR.OK) throw new Pkcs11Error('C_GetFunctionList', rv);
      list = found[0];
    } catch (cause) {
      throw unavailable(`The library ${path} can't be loaded.`, cause);
    }
    this.#functions = Object.fromEntries(
      Object.entries(FUNCTIONS).map(([name, [place, args]]) => [
        name,
        // After CK_VERSION, which is filled up to eight bytes.
        koffi.decode(koffi.decode(list, 8 + 8 * place, 'void *'), koffi.proto('ulong', args)),
      ]),
    ) as Record<FunctionName, NativeFunction>;
  }

  /** @throws Refusal 503 `token-unavailable` */
  static load(path: string): Pkcs11 {
    const loaded = Pkcs11.#loaded.get(path) ?? new Pkcs11(path);
    Pkcs11.#loaded.set(path, loaded);
    return loaded;
  }

  /**
   * One act after the other: a session does one thing at a time, and a library that is started again has no other user.
   * @throws Refusal 503 `token-unavailable` where the library does not answer
   */
  async exclusive<T>(act: () => Promise<T>): Promise<T> {
    const run = this.#last.then(act);
    this.#last = run.catch(() => undefined);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(unavailable('The token does not answer.')), PATIENCE_MS);
    });
    return Promise.race([run, late]).finally(() => clearTimeout(timer));
  }

  async #call(name: FunctionName, args: readonly unknown[], accepted: readonly number[] = []): Promise<number> {
    const pinned = args.filter((one): one is Uint8Array => one instanceof Uint8Array);
    this.#pinned.add(pinned);
    try {
      const rv = await new Promise<number>((resolve, reject) =>
        this.#functions[name].async(...args, (error: Error | null, result: number | bigint) =>
          error === null ? resolve(Number(result)) : reject(error),
        ),
      );
      if (rv !== CKR.OK && !accepted.includes(rv)) throw new Pkcs11Error(name, rv);
      return rv;
    } finally {
      this.#pinned.delete(pinned);
    }
  }

  /** CK_ATTRIBUTE[]: each is type, pointer, length. */
  async #withTemplate<T>(attributes: readonly Attribute[], act: (template: Buffer) => Promise<T>): Promise<T> {
    const template = Buffer.alloc(24 * attributes.length);
    // Not from Node's pool: memory of its own each.
    const values = attributes.map(([, value]) => Buffer.alloc(value.length, value));
    this.#pinned.add(values);
    for (const [i, [type]] of attributes.entries()) {
      const value = values[i] ?? no;
      template.writeBigUInt64LE(BigInt(type), 24 * i);
      template.writeBigUInt64LE(value.length === 0 ? 0n : this.#koffi.address(value), 24 * i + 8);
      template.writeBigUInt64LE(BigInt(value.length), 24 * i + 16);
    }
    try {
      return await act(template);
    } finally {
      this.#pinned.delete(values);
    }
  }

  async initialize(): Promise<void> {
    const args = Buffer.alloc(48);
    args.writeBigUInt64LE(CKF_OS_LOCKING_OK, 32);
    await this.#call('C_Initialize', [args], [CKR.ALREADY_INITIALIZED]);
  }

  /** Forgets all sessions; a library that lost its token or its daemon finds them anew. */
  async restart(): Promise<void> {
    await this.#call('C_Finalize', [null]).catch(() => undefined);
    await this.initialize();
  }

  async findToken(label: string): Promise<TokenState | undefined> {
    const count = ulong(0n);
    await this.#call('C_GetSlotList', [1, null, count]);
    const slots = Buffer.alloc(8 * Math.max(1, Number(count.readBigUInt64LE())));
    count.writeBigUInt64LE(BigInt(slots.length / 8));
    await this.#call('C_GetSlotList', [1, slots, count]);
    for (let i = 0; i < Number(count.readBigUInt64LE()); i++) {
      const slot = slots.readBigUInt64LE(8 * i);
      // CK_TOKEN_INFO: label 32, maker 32, model 16, serial 16, then flags.
      const info = Buffer.alloc(256);
      if ((await this.#call('C_GetTokenInfo', [slot, info]).catch(() => undefined)) === undefined) continue;
      if (info.subarray(0, 32).toString('utf8').trimEnd() !== label) continue;
      const flags = info.readBigUInt64LE(96);
      return {
        slot,
        label,
        loginRequired: (flags & CKF_LOGIN_REQUIRED) !== 0n,
        pinLocked: (flags & CKF_USER_PIN_LOCKED) !== 0n,
        pinFinalTry: (flags & CKF_USER_PIN_FINAL_TRY) !== 0n,
      };
    }
    return undefined;
  }

  async openSession(slot: bigint, { write = false } = {}): Promise<bigint> {
    const session = ulong(0n);
    await this.#call('C_OpenSession', [
      slot,
      write ? CKF_SERIAL_SESSION | CKF_RW_SESSION : CKF_SERIAL_SESSION,
      null,
      null,
      session,
    ]);
    return session.readBigUInt64LE();
  }

  /** Never C_Logout: it would log out every session of this process. */
  async closeSession(session: bigint): Promise<void> {
    await this.#call('C_CloseSession', [session]);
  }

  async closeAllSessions(slot: bigint): Promise<void> {
    await this.#call('C_CloseAllSessions', [slot]);
  }

  /** A process is logged in to a token, not a session: the second time is no error, and no PIN is looked at. */
  async login(session: bigint, pin: string): Promise<void> {
    const bytes = utf8(pin);
    const copy = Buffer.alloc(bytes.length, bytes);
    try {
      await this.#call('C_Login', [session, CKU_USER, copy, copy.length], [CKR.USER_ALREADY_LOGGED_IN]);
    } finally {
      copy.fill(0);
    }
  }

  /** Handles of the Ed25519 keys of that name, at most two: more than one is one too many. */
  async findKeys(session: bigint, kind: keyof typeof CLASS, name: KeyName): Promise<bigint[]> {
    const wanted: Attribute[] = [[CKA.CLASS, ulong(CLASS[kind])], [CKA.KEY_TYPE, ulong(CKK_EC_EDWARDS)], named(name)];
    const found = Buffer.alloc(16);
    const count = ulong(0n);
    await this.#withTemplate(wanted, (template) => this.#call('C_FindObjectsInit', [session, template, wanted.length]));
    try {
      await this.#call('C_FindObjects', [session, found, 2, count]);
    } finally {
      await this.#call('C_FindObjectsFinal', [session]);
    }
    return [found.readBigUInt64LE(0), found.readBigUInt64LE(8)].slice(0, Number(count.readBigUInt64LE()));
  }

  /** The 32 bytes of a public key: bare as the standard has it, or as an OCTET STRING as most have it. */
  async publicKey(session: bigint, handle: bigint): Promise<Uint8Array | undefined> {
    const value = Buffer.alloc(64);
    const template = Buffer.alloc(24);
    template.writeBigUInt64LE(BigInt(CKA.EC_POINT), 0);
    template.writeBigUInt64LE(this.#koffi.address(value), 8);
    template.writeBigUInt64LE(64n, 16);
    const pinned = [value];
    this.#pinned.add(pinned);
    try {
      await this.#call('C_GetAttributeValue', [session, handle, template, 1]);
    } finally {
      this.#pinned.delete(pinned);
    }
    const point = value.subarray(0, Number(template.readBigUInt64LE(16)));
    if (point.length === 32) return Uint8Array.from(point);
    return point.length === 34 && point[0] === 4 && point[1] === 32 ? Uint8Array.from(point.subarray(2)) : undefined;
  }

  /** Makes a pair that the token never gives out. */
  async generate(session: bigint, name: { readonly key: string; readonly id: string }): Promise<void> {
    const common: Attribute[] = [[CKA.TOKEN, yes], named({ key: name.key }), named({ id: name.id })];
    const open: Attribute[] = [...common, [CKA.PRIVATE, no], [CKA.VERIFY, yes], [CKA.EC_PARAMS, ED25519_PARAMS]];
    const closed: Attribute[] = [
      ...common,
      [CKA.PRIVATE, yes],
      [CKA.SENSITIVE, yes],
      [CKA.EXTRACTABLE, no],
      [CKA.SIGN, yes],
    ];
    const mechanism = Buffer.concat([ulong(CKM_EC_EDWARDS_KEY_PAIR_GEN), Buffer.alloc(16)]);
    const handles = [Buffer.alloc(8), Buffer.alloc(8)] as const;
    await this.#withTemplate(open, (a) =>
      this.#withTemplate(closed, (b) =>
        this.#call('C_GenerateKeyPair', [session, mechanism, a, open.length, b, closed.length, ...handles]),
      ),
    );
  }

  /** Plain Ed25519: CKM_EDDSA without parameters. */
  async sign(session: bigint, key: bigint, bytes: Uint8Array): Promise<Uint8Array> {
    const mechanism = Buffer.concat([ulong(CKM_EDDSA), Buffer.alloc(16)]);
    await this.#call('C_SignInit', [session, mechanism, key]);
    const message = Buffer.from(concat(bytes));
    const signature = Buffer.alloc(64);
    const length = ulong(64n);
    await this.#call('C_Sign', [session, message, message.length, signature, length]);
    return Uint8Array.from(signature.subarray(0, Number(length.readBigUInt64LE())));
  }
}
