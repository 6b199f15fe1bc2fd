import { generateKeyPairSync, sign } from 'node:crypto';
import { askWitness } from '../federation/ask-witness.ts';
import type { PeerAnswer, PeerRequest } from '../federation/peer-client.ts';
import { lookUpCosigned } from '../federation/restored-witness.ts';
import { assertNothingAhead } from '../federation/start-up.ts';
import { Witness } from '../ledger/witness.ts';
import type { WitnessState, WitnessStore } from '../ledger/witness-store.ts';
import { parseAddCheckpoint } from '../log/add-checkpoint.ts';
import { formatCheckpoint, openCheckpoint, parseCheckpoint } from '../log/checkpoint.ts';
import { cosign } from '../log/cosignature.ts';
import type { LogCrypto } from '../log/crypto.ts';
import { ofOneSize, verifyFork } from '../log/fork.ts';
import { appendLeaf, EMPTY_EDGE, edgeRoot, leafHash } from '../log/merkle.ts';
import { ED25519, ED25519_COSIGNATURE, formatVkey, parseNote, type Signer, signNote } from '../log/note.ts';
import { parseTilePath, TileReader, tileWidth } from '../log/tile.ts';
import { Registry, type RegistryDocument } from '../members/registry.ts';
import { concat, equal, toHex, utf8 } from '../values/bytes.ts';
import { nodeCrypto } from '../values/node-crypto.ts';
import { Refusal } from '../values/refusal.ts';

/**
 * Six members in one process over a network, a clock and disks that a seed decides: what crashes, what is restored from an old backup,
 * which message is late, lost or comes twice, who lies. The protocol is the real one: witness, start-up, look-up, the log's side of
 * witnessing. What PostgreSQL does in a node is a memory here that outlives a crash and goes back with a backup.
 */

export type Bug = 'no-look-up' | 'look-up-of-two' | 'no-start-up-check' | 'no-consistency' | 'quorum-of-three';

export interface SimulationOptions {
  readonly seed: number;
  readonly steps?: number;
  /** Members whose witness cosigns whatever it is shown, and holds nothing when asked. */
  readonly liars?: number;
  /** One log signs two histories and shows each witness what it likes. */
  readonly lyingLog?: boolean;
  readonly bugs?: readonly Bug[];
}

export interface SimulationReport {
  readonly violations: readonly string[];
  readonly finals: number;
  readonly crashes: number;
  readonly restores: number;
  readonly messages: number;
  readonly forksProven: number;
}

const CODES = ['CN', 'KG', 'KZ', 'TJ', 'TM', 'UZ'];
const QUORUM = 4;

function makeSigner(name: string, type: number): Signer {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  return { vkey: formatVkey(nodeCrypto, name, type, raw), sign: async (bytes) => sign(null, bytes, privateKey) };
}

const originOf = (code: string): string => `demo.${code.toLowerCase()}.dostyk/log`;
const signers = new Map(
  CODES.map((code) => [
    code,
    {
      log: makeSigner(originOf(code), ED25519),
      witness: makeSigner(`demo.${code.toLowerCase()}.dostyk/witness`, ED25519_COSIGNATURE),
      member: makeSigner(`demo.${code.toLowerCase()}.dostyk/member`, ED25519),
    },
  ]),
);
const signersOf = (code: string) => {
  const found = signers.get(code);
  if (found === undefined) throw new Error(code);
  return found;
};

const registry = new Registry(
  {
    v: 1,
    version: 1,
    publishedAt: '2026-06-11T00:00:00.000Z',
    quorum: QUORUM,
    members: CODES.map((code) => ({
      code,
      address: `http://${code}`,
      memberKey: signersOf(code).member.vkey,
      log: { origin: originOf(code), keys: [{ vkey: signersOf(code).log.vkey, from: 0 }] },
      witness: { keys: [{ vkey: signersOf(code).witness.vkey, from: 0 }] },
      authorities: [],
      posts: [],
    })),
  } as unknown as RegistryDocument,
  'simulated',
  [],
);

/** The same signature is checked thousands of times over all schedules. */
const checked = new Map<string, boolean | Promise<boolean>>();
const crypto: LogCrypto = {
  sha256: nodeCrypto.sha256,
  verifyEd25519(publicKey, message, signature) {
    const key = toHex(nodeCrypto.sha256(concat(publicKey, signature, message)));
    const known = checked.get(key) ?? nodeCrypto.verifyEd25519(publicKey, message, signature);
    if (checked.size > 20_000) checked.clear();
    checked.set(key, known);
    return known;
  },
};

/** What outlives a crash, and goes back with a backup. */
interface Disk {
  log: Uint8Array[];
  checkpoints: Map<bigint, { note: string; cosigned: Map<string, string> }>;
  witness: Map<string, WitnessState>;
  mirrors: Map<string, { commitments: Uint8Array[]; note: string }>;
}

const copyOf = (disk: Disk): Disk => ({
  log: [...disk.log],
  checkpoints: new Map([...disk.checkpoints].map(([size, one]) => [size, { ...one, cosigned: new Map(one.cosigned) }])),
  witness: new Map(disk.witness),
  mirrors: new Map(disk.mirrors),
});

interface Running {
  readonly witness: Witness;
  readonly abort: AbortController;
  admitted: boolean;
  /** Where its start failed: it holds less than was signed. */
  behind: boolean;
  head: { size: bigint; note: string } | undefined;
  readonly heldBy: Map<string, bigint>;
}

interface Member {
  readonly code: string;
  readonly liar: boolean;
  disk: Disk;
  backup: Disk;
  /** Outside of the database: they don't go back with it. */
  highWater: bigint;
  readonly marks: Map<string, bigint>;
  running: Running | undefined;
  acknowledged: { readonly index: number; readonly commitment: Uint8Array }[];
  restored: boolean;
  /** The second history of a lying log. */
  other: Uint8Array[];
}

interface Message {
  readonly from: string;
  readonly to: string;
  readonly deliver: () => void;
  readonly drop: () => void;
}

/** Mulberry32: the same numbers for the same seed, everywhere. */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const rootOf = (commitments: readonly Uint8Array[], size: number): Uint8Array => {
  let edge = EMPTY_EDGE;
  for (const one of commitments.slice(0, size)) edge = appendLeaf(crypto, edge, leafHash(crypto, one));
  return edgeRoot(crypto, edge);
};

/** Small logs only: every tile is the first of its level. */
const readerOf = (commitments: readonly Uint8Array[], size: bigint): TileReader =>
  new TileReader(crypto, size, ({ n, width }) =>
    concat(...commitments.slice(Number(n) * 256, Number(n) * 256 + width).map((one) => leafHash(crypto, one))),
  );

export class Simulation {
  readonly #options: SimulationOptions;
  readonly #random: () => number;
  readonly #members: ReadonlyMap<string, Member>;
  readonly #bugs: ReadonlySet<Bug>;
  #queue: Message[] = [];
  #waiting: (() => void)[] = [];
  #parted: ReadonlySet<string> = new Set();
  #now = Date.parse('2026-06-11T00:00:00Z');
  readonly #violations: string[] = [];
  /** Every cosignature that ever left a witness: origin, size and root → who, and the commitments under it. */
  readonly #cosigned = new Map<string, { origin: string; size: bigint; root: Uint8Array; by: Set<string> }>();
  #crashes = 0;
  #restores = 0;
  #messages = 0;
  #forksProven = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#random = numbers(options.seed);
    this.#bugs = new Set(options.bugs);
    const order = [...CODES].sort(() => this.#random() - 0.5);
    const liars = new Set(order.slice(0, options.liars ?? 0));
    this.#members = new Map(
      CODES.map((code) => {
        const disk: Disk = { log: [], checkpoints: new Map(), witness: new Map(), mirrors: new Map() };
        const member: Member = {
          code,
          liar: liars.has(code),
          disk,
          backup: copyOf(disk),
          highWater: 0n,
          marks: new Map(),
          running: undefined,
          acknowledged: [],
          restored: false,
          other: [],
        };
        return [code, member];
      }),
    );
    this.#lyingLog = options.lyingLog === true ? order.at(-1) : undefined;
  }

  readonly #lyingLog: string | undefined;

  #member(code: string): Member {
    const found = this.#members.get(code);
    if (found === undefined) throw new Error(code);
    return found;
  }

  #pick<T>(from: readonly T[]): T | undefined {
    return from[Math.floor(this.#random() * from.length)];
  }

  get #quorum(): number {
    return this.#bugs.has('quorum-of-three') ? 3 : QUORUM;
  }

  async run(): Promise<SimulationReport> {
    for (const member of this.#members.values()) this.#start(member);
    await this.#settle();
    for (let step = 0; step < (this.#options.steps ?? 320); step++) {
      this.#now += 500;
      await this.#step();
      await this.#settle();
    }
    await this.#heal();
    for (const member of this.#members.values()) this.#stop(member);
    await this.#settle();
    return {
      violations: this.#violations,
      finals: [...this.#cosigned.values()].filter(({ by }) => by.size >= this.#quorum).length,
      crashes: this.#crashes,
      restores: this.#restores,
      messages: this.#messages,
      forksProven: this.#forksProven,
    };
  }

  /** Lets everything go on that can without a message, a tick or an act. */
  async #settle(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }

  async #step(): Promise<void> {
    const liar = this.#lyingLog === undefined || this.#random() < 0.7 ? undefined : this.#member(this.#lyingLog);
    const member = liar ?? this.#pick([...this.#members.values()]);
    if (member === undefined) return;
    const chance = this.#random() * 100;
    if (this.#queue.length > 0 && chance < 45) return this.#carry();
    if (chance < 55) return this.#append(member);
    if (chance < 67) return this.#sign(member);
    if (chance < 84) return this.#witness(member);
    if (chance < 89) return this.#mirror(member);
    if (chance < 91) return this.#crash(member);
    if (chance < 93) return void (member.backup = copyOf(member.disk));
    if (chance < 94) return this.#restore(member);
    if (chance < 96) return this.#part();
    if (chance < 98) return this.#tick();
    if (member.running === undefined) this.#start(member);
    else if (member.running.behind) this.#recover(member);
  }

  #tick(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const go of waiting) go();
  }

  #part(): void {
    this.#parted = new Set(this.#random() < 0.6 ? [] : CODES.filter(() => this.#random() < 0.4));
  }

  #crosses(from: string, to: string): boolean {
    return this.#parted.has(from) === this.#parted.has(to);
  }

  /** One message of those under way, in any order: it arrives, arrives twice, or is lost. */
  #carry(): void {
    const at = Math.floor(this.#random() * this.#queue.length);
    const [message] = this.#queue.splice(at, 1);
    if (message === undefined) return;
    this.#messages++;
    if (!this.#crosses(message.from, message.to) || this.#random() < 0.07) {
      message.drop();
      return;
    }
    if (this.#random() < 0.07) this.#queue.push(message);
    message.deliver();
  }

  #send(from: string) {
    return (url: string, request: PeerRequest): Promise<PeerAnswer> => {
      const { host, pathname } = new URL(url);
      const to = host.toUpperCase();
      return new Promise<PeerAnswer>((resolve, reject) => {
        const lost = (): void => reject(new Refusal(502, 'peer-unreachable', `${to} does not answer.`));
        this.#queue.push({
          from,
          to,
          drop: lost,
          deliver: () =>
            void this.#serve(to, from, pathname, request).then(
              (answer) =>
                answer === undefined
                  ? lost()
                  : this.#queue.push({ from: to, to: from, drop: lost, deliver: () => resolve(answer) }),
              () => lost(),
            ),
        });
      });
    };
  }

  async #serve(code: string, asker: string, path: string, { body = '' }: PeerRequest): Promise<PeerAnswer | undefined> {
    const member = this.#member(code);
    const { running } = member;
    if (running === undefined) return undefined;
    const plain = (status: number, text: string): PeerAnswer => ({
      status,
      contentType: 'text/plain',
      body: utf8(text),
    });
    if (path === '/witness/add-checkpoint') {
      const answer = member.liar ? await this.#lie(member, body) : await running.witness.addCheckpoint(body);
      if (answer.status === 200) this.#note(code, parseAddCheckpoint(body).note);
      return plain(answer.status, answer.body);
    }
    const [, folder, name = '', last] = path.split('/');
    if (folder === 'witness') {
      const note = member.liar ? undefined : await running.witness.held(name);
      return note === undefined ? plain(404, '') : plain(200, note);
    }
    if (path.startsWith('/log/cosigned/')) {
      // A lying log does not help a witness to remember.
      if (code === this.#lyingLog) return plain(404, '');
      const newest = [...member.disk.checkpoints]
        .filter(([, { cosigned }]) => cosigned.has(last ?? ''))
        .sort(([a], [b]) => (a < b ? 1 : -1))[0]?.[1];
      if (newest === undefined) return plain(404, '');
      return plain(200, newest.note + (newest.cosigned.get(last ?? '') ?? ''));
    }
    if (path.startsWith('/log/tile/')) {
      const address = parseTilePath(path.slice('/log/'.length));
      const log = code === this.#lyingLog && this.#member(asker).code > 'KZ' ? member.other : member.disk.log;
      if (address === undefined || address.level !== 0 || address.width > tileWidth(0, address.n, BigInt(log.length)))
        return plain(404, '');
      const leaves = log.slice(0, address.width).map((one) => leafHash(crypto, one));
      return { status: 200, contentType: 'application/octet-stream', body: concat(...leaves) };
    }
    return plain(404, '');
  }

  /** Cosigns whatever the log signed, whatever it cosigned before. */
  async #lie(member: Member, body: string) {
    const { note } = parseAddCheckpoint(body);
    const origin = note.split('\n', 1)[0] ?? '';
    const { log } = registry.memberOfLog(origin) ?? {};
    await openCheckpoint(crypto, note, log?.keys.map(({ vkey }) => vkey) ?? []);
    const seconds = BigInt(Math.floor(this.#now / 1000));
    return { status: 200, body: await cosign(crypto, parseNote(note).text, seconds, signersOf(member.code).witness) };
  }

  /** A cosignature left a witness: whatever becomes of it, somebody may have it. */
  #note(witness: string, note: string): void {
    const { origin, size, root } = parseCheckpoint(parseNote(note).text);
    const key = `${origin} ${size} ${toHex(root)}`;
    const known = this.#cosigned.get(key) ?? { origin, size, root, by: new Set<string>() };
    this.#cosigned.set(key, known);
    if (registry.memberOfLog(origin)?.code !== witness) known.by.add(witness);
    if (known.by.size < this.#quorum) return;
    for (const other of this.#cosigned.values()) {
      if (other === known || other.by.size < this.#quorum || other.origin !== origin) continue;
      if (other.size === size) this.#violation(`two final roots of ${origin} at size ${size}`);
      else if (!this.#follows(origin, other, known))
        this.#violation(`two final histories of ${origin} at ${other.size} and ${size}`);
    }
  }

  /** Is the smaller of two checkpoints the beginning of the larger? Only a lying log has a second history to look at. */
  #follows(origin: string, a: { size: bigint; root: Uint8Array }, b: { size: bigint; root: Uint8Array }): boolean {
    const [small, large] = a.size < b.size ? [a, b] : [b, a];
    const { code } = registry.memberOfLog(origin) ?? { code: '' };
    const member = this.#member(code);
    return [member.disk.log, member.other, ...this.#past(code)].some(
      (log) =>
        log.length >= Number(large.size) &&
        equal(rootOf(log, Number(large.size)), large.root) &&
        equal(rootOf(log, Number(small.size)), small.root),
    );
  }

  readonly #pasts = new Map<string, Uint8Array[][]>();
  /** Histories that a restore took away: what was signed of them stays signed. */
  #past(code: string): readonly Uint8Array[][] {
    return this.#pasts.get(code) ?? [];
  }

  #violation(what: string): void {
    if (!this.#violations.includes(what)) this.#violations.push(what);
  }

  #start(member: Member): void {
    const { code } = member;
    const abort = new AbortController();
    const store: WitnessStore = {
      update: async (origin, decide) => {
        abort.signal.throwIfAborted();
        const { answer, keep } = decide(member.disk.witness.get(origin));
        if (keep !== undefined) member.disk.witness.set(origin, keep);
        return answer;
      },
      all: async () => member.disk.witness,
    };
    const honestCrypto: LogCrypto = crypto;
    const witness = new Witness({
      store,
      crypto: honestCrypto,
      clock: () => new Date(this.#now),
      signer: signersOf(code).witness,
      logs: new Map(
        registry
          .others(code)
          .map(({ log }) => [
            log.origin,
            { keys: log.keys.map(({ vkey }) => vkey), keysAt: () => log.keys.map(({ vkey }) => vkey) },
          ]),
      ),
      closedAtFirst: true,
      onKept: (origin, size) => member.marks.set(origin, size),
      onFork: (origin, held, shown) => {
        const { log } = registry.memberOfLog(origin) ?? {};
        const keys = log?.keys.map(({ vkey }) => vkey) ?? [];
        void verifyFork(ofOneSize(origin, held, shown), crypto, keys, () => keys).then(
          () => {
            this.#forksProven++;
            if (registry.memberOfLog(origin)?.code !== this.#lyingLog)
              this.#violation(`an honest log was proven to fork: ${origin}`);
          },
          () => this.#violation(`a fork of ${origin} that does not verify`),
        );
      },
    });
    const last = [...member.disk.checkpoints.keys()].sort((a, b) => (a < b ? 1 : -1))[0];
    const running: Running = {
      witness,
      abort,
      admitted: false,
      behind: false,
      head: last === undefined ? undefined : { size: last, note: member.disk.checkpoints.get(last)?.note ?? '' },
      heldBy: new Map(),
    };
    member.running = running;
    for (const owner of registry.others(code)) void this.#lookUp(member, running, owner);
    void this.#admit(member, running);
  }

  async #lookUp(member: Member, running: Running, owner: ReturnType<Registry['getMember']>): Promise<void> {
    const { origin } = owner.log;
    const held = member.disk.witness.get(origin)?.size ?? 0n;
    if (this.#bugs.has('no-look-up') || (member.marks.get(origin) ?? 0n) <= held) return running.witness.open(origin);
    const others = registry.others(member.code).filter(({ code }) => code !== owner.code);
    const witnesses = this.#bugs.has('look-up-of-two') ? others.sort(() => this.#random() - 0.5).slice(0, 2) : others;
    while (!running.abort.signal.aborted) {
      const known = await lookUpCosigned({
        mark: this.#bugs.has('look-up-of-two') ? 0n : (member.marks.get(origin) ?? 0n),
        witness: running.witness,
        crypto,
        member: member.code,
        vkeys: [signersOf(member.code).witness.vkey],
        owner,
        log: owner.log,
        witnesses,
        signal: running.abort.signal,
        send: this.#send(member.code),
      }).catch(() => false);
      if (running.abort.signal.aborted) return;
      if (known) return running.witness.open(origin);
      await this.#nextTick();
    }
  }

  #nextTick(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async #admit(member: Member, running: Running): Promise<void> {
    const { code } = member;
    const { log } = registry.getMember(code);
    if (this.#bugs.has('no-start-up-check') || code === this.#lyingLog) {
      running.admitted = true;
      return;
    }
    try {
      await assertNothingAhead({
        log,
        crypto,
        size: async () => BigInt(member.disk.log.length),
        rootAt: async (size) => rootOf(member.disk.log, Number(size)),
        highWater: member.highWater,
        others: registry.others(code),
        absent: [],
        signal: running.abort.signal,
        send: this.#send(code),
        pause: () => this.#nextTick(),
      });
      running.admitted = true;
    } catch (error) {
      if (running.abort.signal.aborted) return;
      if (!(error instanceof Refusal)) throw error;
      if (error.code === 'log-diverged') this.#violation(`${code} holds another history than it signed`);
      running.behind = true;
    }
  }

  #stop(member: Member): void {
    member.running?.abort.abort();
    member.running = undefined;
  }

  #crash(member: Member): void {
    if (member.running === undefined) return;
    this.#crashes++;
    this.#stop(member);
  }

  /** An old backup takes the place of the database; what lies outside of it stays. */
  #restore(member: Member): void {
    if (member.code === this.#lyingLog) return;
    this.#stop(member);
    this.#restores++;
    this.#pasts.set(member.code, [...this.#past(member.code), member.disk.log]);
    member.disk = copyOf(member.backup);
    member.restored = true;
    this.#start(member);
  }

  /** As `dostyk recover`: every other must answer, and a mirror must reach as far as anything was signed. */
  #recover(member: Member): void {
    const { origin } = registry.getMember(member.code).log;
    const others = registry.others(member.code).map(({ code }) => this.#member(code));
    if (others.some(({ running, code }) => running === undefined || !this.#crosses(member.code, code))) return;
    const signed = others.reduce((most, { disk }) => {
      const size = disk.witness.get(origin)?.size ?? 0n;
      return size > most ? size : most;
    }, member.highWater);
    const mirror = others
      .map(({ disk }) => disk.mirrors.get(origin))
      .filter((one) => one !== undefined)
      .find(({ commitments }) => BigInt(commitments.length) >= signed);
    this.#stop(member);
    if (mirror !== undefined) {
      member.disk.log = mirror.commitments.slice(0, Number(signed));
      const note = others.map(({ disk }) => disk.witness.get(origin)).find((one) => one?.size === signed)?.note;
      if (note !== undefined) member.disk.checkpoints.set(signed, { note, cosigned: new Map() });
    }
    this.#start(member);
  }

  #append(member: Member): void {
    if (member.running?.admitted !== true || member.disk.log.length >= 200) return;
    const commitment = crypto.sha256(utf8(`${member.code} ${this.#random()}`));
    member.acknowledged.push({ index: member.disk.log.length, commitment });
    member.disk.log.push(commitment);
    if (member.code === this.#lyingLog)
      member.other.push(member.other.length < 1 ? commitment : crypto.sha256(concat(commitment, utf8('other'))));
  }

  async #sign(member: Member): Promise<void> {
    const { running, disk } = member;
    if (running?.admitted !== true) return;
    const size = BigInt(disk.log.length);
    if (size === (running.head?.size ?? 0n)) return;
    const note = await this.#signed(member.code, disk.log, Number(size));
    if (running.abort.signal.aborted || member.disk !== disk) return;
    const known = disk.checkpoints.get(size);
    if (known === undefined) disk.checkpoints.set(size, { note, cosigned: new Map() });
    member.highWater = size;
    running.head = { size, note };
  }

  #signed(code: string, log: readonly Uint8Array[], size: number): Promise<string> {
    const body = formatCheckpoint({ origin: originOf(code), size: BigInt(size), root: rootOf(log, size) });
    return signNote(crypto, body, [signersOf(code).log]);
  }

  /** The newest checkpoint to one witness; a lying log shows some of them the other history. */
  async #witness(member: Member): Promise<void> {
    const { running, code } = member;
    const witness = this.#pick(registry.others(code));
    if (running?.admitted !== true || witness === undefined) return;
    const lies = code === this.#lyingLog;
    // A liar with a purpose: it shows one of its histories to one witness after the other, and then the other.
    if (lies && (this.#shown.size === 0 || this.#random() < 0.12)) this.#shown = this.#choose(member);
    const log = lies ? this.#shown.log : member.disk.log;
    const size = lies ? this.#shown.size : Number(running.head?.size ?? 0n);
    if (size === 0 || size > log.length) return;
    const head = lies ? { size: BigInt(size), note: await this.#signed(code, log, size) } : running.head;
    if (head === undefined) return;
    if (this.#bugs.has('no-consistency') && !this.#member(witness.code).liar) {
      // The planted witness looks at the size alone.
      const target = this.#member(witness.code);
      const held = target.disk.witness.get(originOf(code))?.size ?? 0n;
      if (target.running === undefined || head.size <= held) return;
      target.disk.witness.set(originOf(code), {
        ...parseCheckpoint(parseNote(head.note).text),
        note: head.note,
        at: new Date(this.#now),
      });
      this.#note(witness.code, head.note);
      return;
    }
    const { disk } = member;
    void askWitness(witness, head, lies ? 0n : (running.heldBy.get(witness.code) ?? 0n), {
      crypto,
      keys: registry.witnessesOf(originOf(code), head.size).filter((key) => key.member === witness.code),
      proofFrom: (from) => readerOf(log, head.size).consistencyProof(from),
      signal: running.abort.signal,
      send: this.#send(code),
    }).then(
      ({ held, cosignatures = [] }) => {
        if (running.abort.signal.aborted || member.disk !== disk || lies) return;
        if (held === undefined) running.heldBy.delete(witness.code);
        else running.heldBy.set(witness.code, held);
        for (const { member: by, line } of cosignatures) disk.checkpoints.get(head.size)?.cosigned.set(by, line);
      },
      () => running.heldBy.delete(witness.code),
    );
  }

  #shown: { log: Uint8Array[]; size: number } = { log: [], size: 0 };

  /** One of two histories, at its end or at a size that someone holds of the log. */
  #choose(member: Member): { log: Uint8Array[]; size: number } {
    const log = this.#random() < 0.5 ? member.disk.log : member.other;
    const held = this.#pick(registry.others(member.code))?.code ?? '';
    const there = Number(this.#member(held).disk.witness.get(originOf(member.code))?.size ?? 0n);
    return { log, size: this.#random() < 0.4 && there <= log.length ? there : log.length };
  }

  /** A member copies the entries of a log up to the checkpoint that it cosigned. */
  #mirror(member: Member): void {
    const owner = this.#pick(registry.others(member.code));
    if (member.running === undefined || owner === undefined) return;
    const source = this.#member(owner.code);
    const held = member.disk.witness.get(owner.log.origin);
    if (source.running === undefined || held === undefined || !this.#crosses(member.code, owner.code)) return;
    for (const log of [source.disk.log, source.other])
      if (log.length >= Number(held.size) && equal(rootOf(log, Number(held.size)), held.root))
        member.disk.mirrors.set(owner.log.origin, { commitments: log.slice(0, Number(held.size)), note: held.note });
  }

  /** The network is whole and all run: what was acknowledged is there, and what honest logs sign becomes final. */
  async #heal(): Promise<void> {
    this.#parted = new Set();
    const quiet = async (): Promise<void> => {
      await this.#settle();
      for (let i = 0; i < 400 && (this.#queue.length > 0 || this.#waiting.length > 0); i++) {
        while (this.#queue.length > 0) {
          const all = this.#queue;
          this.#queue = [];
          for (const message of all) message.deliver();
          await this.#settle();
        }
        this.#tick();
        await this.#settle();
      }
    };
    for (let round = 0; round < 3; round++) {
      for (const member of this.#members.values()) if (member.running === undefined) this.#start(member);
      await quiet();
      for (const member of this.#members.values()) if (member.running?.behind === true) this.#recover(member);
      await quiet();
      for (const member of this.#members.values()) {
        this.#append(member);
        await this.#sign(member);
      }
      await this.#roundOfAll();
      await quiet();
      for (const member of this.#members.values()) for (let i = 0; i < 12; i++) this.#mirror(member);
    }
    this.#judge();
  }

  async #roundOfAll(): Promise<void> {
    for (const member of this.#members.values()) {
      const { running, disk, code } = member;
      const head = running?.head;
      if (running === undefined || head === undefined || !running.admitted) continue;
      for (const witness of registry.others(code))
        void askWitness(witness, head, running.heldBy.get(witness.code) ?? 0n, {
          crypto,
          keys: registry.witnessesOf(originOf(code), head.size).filter((key) => key.member === witness.code),
          proofFrom: (from) => readerOf(disk.log, head.size).consistencyProof(from),
          signal: running.abort.signal,
          send: this.#send(code),
        }).then(
          ({ held }) =>
            held === undefined ? running.heldBy.delete(witness.code) : running.heldBy.set(witness.code, held),
          () => running.heldBy.delete(witness.code),
        );
    }
  }

  #judge(): void {
    for (const member of this.#members.values()) {
      const { code, disk, acknowledged, restored, running } = member;
      const origin = originOf(code);
      if (!restored)
        for (const { index, commitment } of acknowledged)
          if (!equal(disk.log[index] ?? new Uint8Array(), commitment))
            this.#violation(`${code} lost what it acknowledged at ${index}`);
      if (code === this.#lyingLog) continue;
      const finals = [...this.#cosigned.values()].filter((one) => one.origin === origin && one.by.size >= this.#quorum);
      for (const { size, root } of finals)
        if (disk.log.length >= Number(size) && !equal(rootOf(disk.log, Number(size)), root))
          this.#violation(`${code} went on in another history than was final at ${size}`);
      // A log that lost what nobody holds any more stands still, and says so: it is not one that went on.
      if (running?.admitted !== true) {
        const mirrored = registry.others(code).some(({ code: other }) => {
          const mirror = this.#member(other).disk.mirrors.get(origin);
          return BigInt(mirror?.commitments.length ?? 0) >= member.highWater;
        });
        if (!restored || mirrored) this.#violation(`${code} does not come back though nothing is in its way`);
        continue;
      }
      const newest = finals.reduce((most, { size }) => (size > most ? size : most), 0n);
      if (newest < BigInt(disk.log.length))
        this.#violation(`${code} signs ${disk.log.length} and only ${newest} is final`);
    }
  }
}
