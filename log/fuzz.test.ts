import { generateKeyPairSync, sign } from 'node:crypto';
import { gzipSync } from 'fflate';
import { beforeAll, describe, expect, test } from 'vitest';
import { fuzz, INPUTS, type Samples } from '../test/fuzz.ts';
import { fromBase64, fromBase64Url, fromHex, fromUtf8, toBase64, toBase64Url, toHex, utf8 } from '../values/bytes.ts';
import { nodeCrypto } from '../values/node-crypto.ts';
import { Refusal } from '../values/refusal.ts';
import { formatAddCheckpoint, parseAddCheckpoint } from './add-checkpoint.ts';
import { fromBase45, toBase45 } from './base45.ts';
import { canonicalBytes, parseCanonical } from './canonical.ts';
import { CODE_PREFIX, makeCode, parseCode } from './certificate-code.ts';
import { formatCheckpoint, openCheckpoint, parseCheckpoint } from './checkpoint.ts';
import { cosign, cosignaturesOf } from './cosignature.ts';
import type { LogCrypto } from './crypto.ts';
import { verifyDetached } from './detached-signature.ts';
import { type Envelope, openSealed } from './envelope.ts';
import { type Evidence, formatEvidence, parseEvidence } from './evidence.ts';
import { ForkEvidence, ofOneSize, ofTwoSizes, verifyFork } from './fork.ts';
import {
  ED25519,
  ED25519_COSIGNATURE,
  formatNote,
  formatVkey,
  parseNote,
  parseVkey,
  type Signer,
  signNote,
} from './note.ts';
import { parsePolicy } from './policy.ts';
import { formatProof, parseProof } from './proof.ts';
import { decodeStatusList, emptyStatusList, encodeStatusList, STATUS_LIST_BITS, setStatusBit } from './status-list.ts';
import { formatBundle, parseBundle, parseTilePath, splitHashes, TileReader, tilePath } from './tile.ts';

/**
 * 100,000 hostile inputs for each parser of bytes from outside (2,000 for the lists of what was revoked, which are large): nothing is thrown but what it says, nothing hangs, nothing is kept.
 * What a canonical format takes, it writes again byte by byte.
 */

const refusal = (error: unknown): boolean => error instanceof Refusal;
const range = (error: unknown): boolean => error instanceof RangeError && !/call stack/.test(error.message);
/** Signatures are not what is looked at here: every one fits, so that what lies behind them is reached. */
const trusting: LogCrypto = { sha256: nodeCrypto.sha256, verifyEd25519: () => true };

function signer(name: string, type = ED25519): Signer {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  return { vkey: formatVkey(nodeCrypto, name, type, raw), sign: async (bytes) => sign(null, bytes, privateKey) };
}
const ORIGIN = 'demo.kz.dostyk/log';
const log = signer(ORIGIN);
const witnesses = [1, 2, 3].map((i) => signer(`demo.w${i}.dostyk/witness`, ED25519_COSIGNATURE));
const known = witnesses.map(({ vkey }, i) => ({ member: `W${i}`, vkey }));
const hash = (n: number): Uint8Array => nodeCrypto.sha256(utf8(String(n)));
const body = (size: bigint, n = 1): string => formatCheckpoint({ origin: ORIGIN, size, root: hash(n) });
const record: Envelope = {
  v: 1,
  id: '01890a5d-ac96-774b-bcce-b302099a8057',
  log: ORIGIN,
  registry: 1,
  type: 'decision',
  issuer: { member: 'KZ', authority: 'kz.customs' },
  to: [{ member: 'UZ', authorities: ['uz.customs'] }, { member: 'CN' }],
  after: ['ab'.repeat(32)],
  at: '2026-06-11T06:00:00.000Z',
  body: { text: 'é “x” 😀', count: 1, list: [1, 'a', null, { b: true }] },
  signatures: [{ alg: 'EdDSA', kid: 'a#b', jws: 'eyJhbGciOiJFZERTQSIsImtpZCI6ImEjYiJ9..AAAA' }],
};
const notes: string[] = [];
const evidence: string[] = [];
const codes: string[] = [];

beforeAll(async () => {
  for (const size of [0n, 3n, 70_000n, 2n ** 64n - 1n]) {
    const note = await signNote(nodeCrypto, body(size), [log]);
    const lines = await Promise.all(witnesses.map((one) => cosign(nodeCrypto, body(size), 1_800_000_000n, one)));
    notes.push(note, note + lines.join(''));
  }
  const proof = formatProof({ index: 3n, hashes: [hash(1), hash(2)], checkpoint: notes[3] ?? '' });
  const proven = { record: toBase64(canonicalBytes(record)), salt: toBase64(hash(3).slice(0, 16)), proof };
  const file: Evidence = {
    format: 'dostyk-evidence/v1',
    ...proven,
    registry: [{ note: notes[0] ?? '', json: '{"version":1}' }],
  };
  for (const one of [file, { ...file, notice: 'DEMO', status: proven, address: 'http://127.0.0.1/x' }])
    evidence.push(fromUtf8(formatEvidence(one)));
  for (const number of ['DEMO-KZ-CO-1', 'x'.repeat(90)])
    codes.push(
      await makeCode(
        nodeCrypto,
        {
          member: 'KZ',
          authority: 'kz.chamber',
          commitment: 'ab'.repeat(32),
          kind: 'origin',
          number,
          validFrom: new Date('2026-06-01T00:00:00Z'),
          validUntil: new Date('2026-12-01T00:00:00Z'),
          statusIndex: 77_123,
          demo: true,
        },
        { kid: 'demo.kz.dostyk/kz.chamber#0a1b2c3d', sign: (bytes) => log.sign(bytes) },
      ),
    );
});

const bytesOf = (input: string | Uint8Array): Uint8Array => (typeof input === 'string' ? utf8(input) : input);
/** Both took and refused enough to say that the inputs reach what they are for. */
function reached({ accepted, refused }: { accepted: number; refused: number }): void {
  const some = (accepted + refused) / 200;
  expect(accepted).toBeGreaterThan(some);
  expect(refused).toBeGreaterThan(some);
}

describe('texts', () => {
  test('notes', async () => {
    reached(await fuzz('note', { texts: notes }, (text: string) => formatNote(parseNote(text)), refusal));
  });

  test('checkpoints', async () => {
    const texts = [body(0n), body(3n), body(2n ** 64n - 1n)];
    reached(await fuzz('checkpoint', { texts }, (text: string) => formatCheckpoint(parseCheckpoint(text)), refusal));
  });

  test('signed checkpoints with the log’s keys', async () => {
    const open = async (text: string) => void (await openCheckpoint(trusting, text, [log.vkey]));
    reached(await fuzz('signed checkpoint', { texts: notes }, open, refusal));
  });

  test('cosignature lines', async () => {
    const parse = async (text: string) => void (await cosignaturesOf(trusting, parseNote(text), known));
    reached(await fuzz('cosignatures', { texts: notes }, parse, refusal));
  });

  test('keys', async () => {
    const texts = [log, ...witnesses].map(({ vkey }) => vkey);
    const parse = (text: string) => {
      const { name, type, publicKey } = parseVkey(nodeCrypto, text);
      return formatVkey(nodeCrypto, name, type, publicKey);
    };
    reached(await fuzz('vkey', { texts }, parse, refusal));
  });

  test('proofs', async () => {
    const texts = [0, 3, 5, 7, 64].map((n) =>
      formatProof({ index: 3n, hashes: Array.from({ length: n }, (_, i) => hash(i)), checkpoint: notes[3] ?? '' }),
    );
    const parse = (text: string) => {
      const proof = parseProof(text);
      return text.includes('\nextra ') ? undefined : formatProof(proof);
    };
    reached(await fuzz('proof', { texts }, parse, refusal));
  });

  test('requests to a witness', async () => {
    const texts = [0, 2, 4, 6, 63].map((n) =>
      formatAddCheckpoint({ oldSize: 5n, proof: Array.from({ length: n }, (_, i) => hash(i)), note: notes[2] ?? '' }),
    );
    const parse = (text: string) => formatAddCheckpoint(parseAddCheckpoint(text));
    reached(await fuzz('add-checkpoint', { texts }, parse, refusal));
  });

  test('paths of tiles', async () => {
    const texts = ['tile/0/x001/x234/067', 'tile/63/000.p/255', 'tile/entries/x999/x999/x999/999.p/1', 'tile/0/000'];
    const parse = (path: string) => {
      const address = parseTilePath(path);
      if (address === undefined) throw new Refusal(404, 'none', 'no path');
      return tilePath(address);
    };
    reached(await fuzz('tile path', { texts }, parse, refusal));
  });

  test('policies', async () => {
    const [a, b, c] = witnesses.map(({ vkey }) => vkey);
    const texts = [
      `log ${log.vkey}\nwitness a ${a}\nwitness b\t${b} https://b.example/\nwitness c ${c}\ngroup g 2 a b c\nquorum g\n`,
      `# none\nlog ${log.vkey}\nquorum none\n`,
    ];
    const parse = (text: string) => void parsePolicy(nodeCrypto, text).satisfied(new Set(['a', 'b']));
    reached(await fuzz('policy', { texts }, parse, refusal));
  });

  test('codes on paper: base45, CBOR', async () => {
    const parse = (text: string) => void parseCode(text);
    const { accepted } = await fuzz('certificate code', { texts: codes }, parse, range, { count: INPUTS / 2 });
    expect(accepted).toBeGreaterThan(INPUTS / 400);
    // What is base45 for certain, with something else in it.
    const inside = codes.map((code) => fromBase45(code.slice(CODE_PREFIX.length)));
    inside.push(
      Uint8Array.of(0xd2, ...new Uint8Array(250).fill(0x81)),
      Uint8Array.of(0xd2, 0x9b, ...new Uint8Array(8).fill(0xff)),
    );
    const packed = (bytes: Uint8Array) => void parseCode(CODE_PREFIX + toBase45(bytes));
    reached(await fuzz('certificate code, CBOR', { bytes: inside }, packed, range, { count: INPUTS / 2 }));
  });
});

describe('bytes', () => {
  test('bundles of entries', async () => {
    const bytes = [0, 1, 256].map((n) => formatBundle(Array.from({ length: n }, (_, i) => hash(i))));
    reached(await fuzz('bundle', { bytes }, (one: Uint8Array) => formatBundle(parseBundle(one)), range));
  });

  test('tiles', async () => {
    const bytes = [1, 2, 5].map((n) => Buffer.concat(Array.from({ length: n }, (_, i) => hash(i))));
    const parse = async (tile: Uint8Array, seed: number) => {
      splitHashes(tile);
      // Served as the tile of a tree that has another width, or the same.
      const size = BigInt(1 + (seed % 8));
      await new TileReader(nodeCrypto, size, () => tile).inclusionProof(size - 1n);
    };
    reached(await fuzz('tile', { bytes }, parse, range));
  });

  const encodings: [string, Samples, (one: never) => unknown][] = [
    ['base64', { texts: [toBase64(hash(1)), 'AA==', ''] }, (text: string) => toBase64(fromBase64(text))],
    ['base64url', { texts: [toBase64Url(hash(1)), 'AA', ''] }, (text: string) => toBase64Url(fromBase64Url(text))],
    ['hex', { texts: [toHex(hash(1)), ''] }, (text: string) => toHex(fromHex(text))],
    ['UTF-8', { bytes: [utf8('é “x” 😀'), utf8('\ufeffx')] }, (bytes: Uint8Array) => utf8(fromUtf8(bytes))],
    ['base45', { texts: [toBase45(hash(1)), 'BB8', ''] }, (text: string) => toBase45(fromBase45(text))],
  ];
  test.each(encodings)('%s', async (name, samples, parse) => {
    reached(await fuzz(name, samples, parse, range));
  });

  test('status lists, also bombs', async () => {
    const list = emptyStatusList();
    for (let i = 0; i < 900; i += 7) setStatusBit(list, i * 100);
    const lists = [list, emptyStatusList()].map((one) => encodeStatusList(one));
    const bombs = [`u${toBase64Url(gzipSync(new Uint8Array(4_000_000), { level: 9 }))}`];
    const parse = (text: string) => void decodeStatusList(text, STATUS_LIST_BITS);
    reached(await fuzz('status list', { texts: [...lists, ...bombs] }, parse, refusal, { count: INPUTS / 50 }));
  });
});

describe('JSON', () => {
  test('canonical', async () => {
    const json = [record, [1, 'a', { b: [] }], 'x', -0.5].map((one) => fromUtf8(canonicalBytes(one)));
    const parse = (input: string | Uint8Array) => canonicalBytes(parseCanonical(bytesOf(input)));
    reached(await fuzz('canonical JSON', { json }, parse, refusal));
  });

  test('envelopes', async () => {
    const { signatures: _, ...unsigned } = record;
    const json = [record, unsigned, { ...unsigned, to: 'public' as const }].map((one) => fromUtf8(canonicalBytes(one)));
    const salt = new Uint8Array(16);
    const parse = (input: string | Uint8Array) => {
      const { record } = openSealed(bytesOf(input), salt, nodeCrypto);
      for (const one of record.signatures ?? []) void verifyDetached(trusting, record, one, hash(1));
      return canonicalBytes(record);
    };
    reached(await fuzz('envelope', { json }, parse, refusal));
  });

  test('evidence files', async () => {
    const parse = (input: string | Uint8Array) => void parseEvidence(bytesOf(input));
    reached(await fuzz('evidence', { json: evidence }, parse, refusal));
  });

  test('evidence of forks', async () => {
    const [a, b] = [await signNote(nodeCrypto, body(3n, 1), [log]), await signNote(nodeCrypto, body(3n, 2), [log])];
    const [c, d] = [await signNote(nodeCrypto, body(2n, 1), [log]), await signNote(nodeCrypto, body(4n, 2), [log])];
    const json = [ofOneSize(ORIGIN, a, b), ofTwoSizes(ORIGIN, c, d, hash(9), [hash(1), hash(2)])].map((one) =>
      JSON.stringify(one),
    );
    const parse = async (input: string | Uint8Array) => {
      let value: unknown;
      try {
        value = JSON.parse(fromUtf8(bytesOf(input)));
      } catch {
        throw new Refusal(400, 'no-json', 'as the route says');
      }
      const parsed = ForkEvidence.safeParse(value);
      if (!parsed.success) throw new Refusal(400, 'fork-invalid', 'as `offer` says');
      await verifyFork(parsed.data, trusting, [log.vkey], () => [log.vkey]);
    };
    reached(await fuzz('fork', { json }, parse, refusal));
  });
});
