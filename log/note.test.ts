import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat, fromBase64, fromHex, toBase64, utf8 } from '../values/bytes.ts';
import { nodeCrypto } from '../values/node-crypto.ts';
import { Refusal } from '../values/refusal.ts';
import { formatAddCheckpoint, parseAddCheckpoint } from './add-checkpoint.ts';
import { browserCrypto } from './browser-crypto.ts';
import { formatCheckpoint, openCheckpoint, parseCheckpoint } from './checkpoint.ts';
import { cosign, cosignaturesOf, medianTime } from './cosignature.ts';
import { verifyStrict } from './crypto.ts';
import {
  ED25519,
  ED25519_COSIGNATURE,
  formatNote,
  formatVkey,
  parseNote,
  parseVkey,
  type Signer,
  signersOf,
  signNote,
} from './note.ts';
import { parsePolicy } from './policy.ts';
import { formatProof, parseProof } from './proof.ts';

function signer(name: string, type = ED25519): Signer & { secret: KeyObject } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  return {
    vkey: formatVkey(nodeCrypto, name, type, raw),
    sign: async (bytes) => sign(null, bytes, privateKey),
    secret: privateKey,
  };
}

const root = new Uint8Array(nodeCrypto.sha256(utf8('root')));

describe('the published signed-note vector', () => {
  const vkey = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
  const text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
  const note = `${text}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`;

  test('opens with its key', async () => {
    const key = parseVkey(nodeCrypto, vkey);
    expect(formatVkey(nodeCrypto, key.name, key.type, key.publicKey)).toBe(vkey);
    expect(await signersOf(nodeCrypto, parseNote(note), [key])).toEqual([key]);
    expect(formatNote(parseNote(note))).toBe(note);
  });

  test('is made again with its private key, byte for byte', async () => {
    const seed = fromBase64('AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz').slice(1);
    const secret = createPrivateKey({
      key: Buffer.from(concat(fromHex('302e020100300506032b657004220420'), seed)),
      format: 'der',
      type: 'pkcs8',
    });
    expect(createPublicKey(secret).asymmetricKeyType).toBe('ed25519');
    expect(await signNote(nodeCrypto, text, [{ vkey, sign: async (bytes) => sign(null, bytes, secret) }])).toBe(note);
  });

  test('the specification’s example note has this form', () => {
    const parsed = parseNote(
      'Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n',
    );
    expect(parsed.text.endsWith('ed è subito sera.\n')).toBe(true);
    expect(parsed.signatures.map(({ name, signature }) => [name, signature.length])).toEqual([
      ['quasimodo.example/salvatore', 64],
    ]);
  });
});

describe('notes', () => {
  test('unknown signatures are ignored, a failing one of a known key refuses the whole', async () => {
    const [a, b] = [signer('example.com/a'), signer('example.com/b')];
    const note = await signNote(nodeCrypto, 'text\n', [a, b]);
    const keyA = parseVkey(nodeCrypto, a.vkey);
    expect(await signersOf(nodeCrypto, parseNote(note), [keyA])).toEqual([keyA]);
    const forged = parseNote(note.replace('text', 'test'));
    await expect(signersOf(nodeCrypto, forged, [keyA])).rejects.toMatchObject({ code: 'note-signature-invalid' });
    expect(await signersOf(nodeCrypto, forged, [parseVkey(nodeCrypto, signer('example.com/c').vkey)])).toEqual([]);
  });

  test.each([
    ['no signature', 'text\n'],
    ['a control character', 'te\u0007xt\n\n— a AAAAAAA=\n'],
    ['a carriage return', 'text\r\n\n— a AAAAAAA=\n'],
    ['a hyphen for the dash', 'text\n\n- a AAAAAAA=\n'],
    ['no last newline', 'text\n\n— a AAAAAAA='],
    ['broken base64', 'text\n\n— a AAAA-AA=\n'],
    ['a name with a plus', 'text\n\n— a+b AAAAAAA=\n'],
    ['a short signature', 'text\n\n— a AAAA\n'],
  ])('%s is refused', (_, text) => {
    expect(() => parseNote(text)).toThrow(Refusal);
  });

  test('sixteen signatures are read, a hundred and one are refused', () => {
    expect(parseNote(`t\n\n${'— a AAAAAAA=\n'.repeat(16)}`).signatures).toHaveLength(16);
    expect(() => parseNote(`t\n\n${'— a AAAAAAA=\n'.repeat(101)}`)).toThrow(Refusal);
  });

  test('a key whose id does not fit is refused', () => {
    const { vkey } = signer('example.com/a');
    for (const bad of [
      vkey.replace('example', 'exampel'),
      vkey.slice(0, -4),
      `${vkey}AAAA`,
      vkey.replace('+', ' +'),
      '',
    ]) {
      expect(() => parseVkey(nodeCrypto, bad)).toThrow(Refusal);
    }
  });
});

describe('checkpoints', () => {
  test('round trip and strictness', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (size) => {
        const checkpoint = { origin: 'demo.xx.dostyk/log', size, root };
        expect(parseCheckpoint(formatCheckpoint(checkpoint))).toEqual(checkpoint);
      }),
    );
    for (const text of [
      'o\n01\n',
      `o\n-1\n${toBase64(root)}\n`,
      `o\n${2n ** 64n}\n${toBase64(root)}\n`,
      `o\n1\n${toBase64(root)}\nextension\n`,
      `\n1\n${toBase64(root)}\n`,
      `o\n1\nAAAA\n`,
    ]) {
      expect(() => parseCheckpoint(text)).toThrow(Refusal);
    }
  });

  test('only the log itself signs its checkpoint', async () => {
    const [log, other] = [signer('demo.xx.dostyk/log'), signer('demo.yy.dostyk/log')];
    const body = formatCheckpoint({ origin: 'demo.xx.dostyk/log', size: 3n, root });
    await expect(
      openCheckpoint(nodeCrypto, await signNote(nodeCrypto, body, [log]), [log.vkey]),
    ).resolves.toMatchObject({ checkpoint: { size: 3n } });
    await expect(
      openCheckpoint(nodeCrypto, await signNote(nodeCrypto, body, [other]), [other.vkey, log.vkey]),
    ).rejects.toMatchObject({ code: 'checkpoint-unsigned' });
  });
});

describe('cosignatures', () => {
  test('bind the time and the whole body; one counts a member; the median is the time that counts', async () => {
    const log = signer('demo.xx.dostyk/log');
    const witnesses = ['A', 'B', 'C'].map((member) => ({
      member,
      signer: signer(`demo.${member}/witness`, ED25519_COSIGNATURE),
    }));
    const note = await signNote(nodeCrypto, formatCheckpoint({ origin: 'demo.xx.dostyk/log', size: 1n, root }), [log]);
    const { text } = parseNote(note);
    const lines = await Promise.all(
      witnesses.map(({ signer: one }, i) => cosign(nodeCrypto, text, BigInt(100 + i), one)),
    );
    const keys = witnesses.map(({ member, signer: one }) => ({ member, vkey: one.vkey }));
    const found = await cosignaturesOf(nodeCrypto, parseNote(note + lines.join('') + lines[0]), keys);
    expect(found.map(({ member, time }) => [member, time])).toEqual([
      ['A', 100n],
      ['B', 101n],
      ['C', 102n],
    ]);
    expect(medianTime(found)).toBe(101n);
    expect(medianTime([])).toBeUndefined();
    const blob = fromBase64(lines[0]!.trim().split(' ')[2]!);
    blob[11]! ^= 1;
    const moved = `— demo.A/witness ${toBase64(blob)}\n`;
    await expect(cosignaturesOf(nodeCrypto, parseNote(note + moved), keys)).rejects.toMatchObject({
      code: 'note-signature-invalid',
    });
    expect(await cosignaturesOf(nodeCrypto, parseNote(note + lines[0]), keys.slice(1))).toEqual([]);
  });
});

describe('other texts', () => {
  const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
  test('add-checkpoint round trip', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 63n }), fc.array(hash, { maxLength: 63 }), (oldSize, proof) => {
        const request = { oldSize, proof, note: 'o\n1\nr\n\n— a AAAAAAA=\n' };
        expect(parseAddCheckpoint(formatAddCheckpoint(request))).toEqual(request);
      }),
      { numRuns: 50 },
    );
    expect(() => parseAddCheckpoint(`old 1\n${`${toBase64(root)}\n`.repeat(64)}\nnote`)).toThrow(Refusal);
    for (const text of ['old -1\n\nn', 'old 01\n\nn', 'old 1\nAAAA\n\nn', 'old 1\n', 'new 1\n\nn'])
      expect(() => parseAddCheckpoint(text)).toThrow(Refusal);
  });

  test('tlog-proof round trip; an extra line is passed over', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 63n }), fc.array(hash, { maxLength: 64 }), (index, hashes) => {
        const proof = { index, hashes, checkpoint: 'o\n1\nr\n\n— a AAAAAAA=\n' };
        const text = formatProof(proof);
        expect(parseProof(text)).toEqual(proof);
        expect(parseProof(text.replace('@v1\n', '@v1\nextra AAAA\n'))).toEqual(proof);
      }),
      { numRuns: 50 },
    );
    for (const text of [
      '',
      'c2sp.org/tlog-proof@v2\nindex 1\n\nc',
      'c2sp.org/tlog-proof@v1\nindex -1\n\nc',
      'c2sp.org/tlog-proof@v1\nindex 1\nAAAA\n\nc',
      'c2sp.org/tlog-proof@v1\nindex 1\n',
    ]) {
      expect(() => parseProof(text)).toThrow(Refusal);
    }
  });

  test('policies: groups in groups, and what is wrong is told by line', () => {
    const log = signer('demo.xx.dostyk/log').vkey;
    const w = [1, 2, 3].map((i) => signer(`w${i}.example`, ED25519_COSIGNATURE).vkey);
    const base = `# comment\nlog ${log}\n\nwitness a ${w[0]}\nwitness b\t${w[1]} https://b.example/\nwitness c ${w[2]}\ngroup g 2 a b c\nquorum g\n`;
    const policy = parsePolicy(nodeCrypto, base);
    expect(policy.satisfied(new Set(['a', 'c']))).toBe(true);
    expect(policy.satisfied(new Set(['a', 'x']))).toBe(false);
    expect(policy.witnesses[1]).toMatchObject({ name: 'b', url: 'https://b.example/' });
    expect(parsePolicy(nodeCrypto, 'quorum none\n').satisfied(new Set())).toBe(true);
    for (const [bad, line] of [
      [base.replace('group g 2', 'group g 4'), 7],
      [base.replace('group g 2 a b c', 'group g all a d'), 7],
      [base.replace(`witness c ${w[2]}`, `witness c ${w[1]}`), 6],
      [base.replace('quorum g', 'quorum h'), 8],
      [base.replace('witness b', 'witness none'), 5],
      [`${base}quorum a\n`, 9],
    ] as const) {
      expect(() => parsePolicy(nodeCrypto, bad)).toThrow(
        expect.objectContaining({ code: 'policy-invalid', params: { line } }) as Error,
      );
    }
    expect(() => parsePolicy(nodeCrypto, `log ${log}\n`)).toThrow(Refusal);
  });

  test('no parser throws anything but a refusal, whatever it is given', () => {
    const parsers = [
      parseNote,
      parseCheckpoint,
      parseAddCheckpoint,
      parseProof,
      (text: string) => parseVkey(nodeCrypto, text),
      (text: string) => parsePolicy(nodeCrypto, text),
    ];
    const seeds = ['old 1\n\n', 'c2sp.org/tlog-proof@v1\nindex 1\n', 'o\n1\n', 'log a+b+c\n', '— a AAAA\n', '\n\n'];
    const texts = fc
      .array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...seeds)), { maxLength: 6 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(texts, (text) => {
        for (const parse of parsers) {
          try {
            parse(text);
          } catch (error) {
            expect(error).toBeInstanceOf(Refusal);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('Ed25519 as strict as any library', () => {
  const { secret, vkey } = signer('x');
  const { publicKey } = parseVkey(nodeCrypto, vkey);
  const message = utf8('message');
  const good = new Uint8Array(sign(null, message, secret));
  const L = 2n ** 252n + 27742317777372353535851937790883648493n;
  const P = 2n ** 255n - 19n;
  const little = (value: bigint): Uint8Array => fromHex(value.toString(16).padStart(64, '0')).reverse();
  const number = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
  const identity = little(1n);

  const cases: [string, Uint8Array, Uint8Array][] = [
    ['S + L', publicKey, concat(good.slice(0, 32), little(number(good.slice(32)) + L))],
    ['a key of small order (identity)', identity, good],
    ['a key of order 2', little(P - 1n), good],
    ['a key of order 8', little(2707385501144840649318225287225658788936804267575313519463743609750303402022n), good],
    ['R of small order', publicKey, concat(identity, good.slice(32))],
    ['a key that is not canonical', little(P + 1n), good],
    ['R that is not canonical', publicKey, concat(little(P + 3n), good.slice(32))],
    ['all zero signature and key', new Uint8Array(32), new Uint8Array(64)],
    ['a short signature', publicKey, good.slice(1)],
  ];

  test.each(cases)('%s is refused', async (_, key, signature) => {
    expect(await verifyStrict(nodeCrypto, key, message, signature)).toBe(false);
    expect(await verifyStrict(browserCrypto, key, message, signature)).toBe(false);
  });

  test('server and browser agree on good and on damaged signatures', async () => {
    expect(await verifyStrict(nodeCrypto, publicKey, message, good)).toBe(true);
    expect(await verifyStrict(browserCrypto, publicKey, message, good)).toBe(true);
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 63 }), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const bad = good.slice();
        bad[at]! ^= mask;
        expect(await verifyStrict(browserCrypto, publicKey, message, bad)).toBe(
          await verifyStrict(nodeCrypto, publicKey, message, bad),
        );
        expect(await verifyStrict(nodeCrypto, publicKey, message, bad)).toBe(false);
      }),
      { numRuns: 60 },
    );
    expect(browserCrypto.sha256(message)).toEqual(new Uint8Array(nodeCrypto.sha256(message)));
  });
});
