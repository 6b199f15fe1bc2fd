import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson } from '../log/canonical.ts';
import { parseNote, type Signer, signNote } from '../log/note.ts';
import { readKey, signerOf } from '../members/keys.ts';
import { type RegistryDocument, type RegistryVersion, registryNote, registryText } from '../members/registry.ts';
import { nodeCrypto } from '../values/node-crypto.ts';

/** A demonstration's registry and the keys that sign it, for tests of its life. */
export class RegistryHand {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  version(number: number): RegistryVersion {
    const read = (ending: string) =>
      readFileSync(join(this.#directory, 'registry', `${String(number).padStart(6, '0')}.${ending}`), 'utf8');
    return { note: read('note'), json: read('json') };
  }

  signer(member: string): Signer {
    return signerOf(readKey(join(this.#directory, 'members', member.toLowerCase(), 'keys', 'member.key')));
  }

  /** The version after another: changed, and signed by these, members by code or other signers. */
  async next(
    before: RegistryVersion,
    change: (document: RegistryDocument) => void,
    signers: readonly (string | Signer)[],
  ): Promise<RegistryVersion> {
    const document = JSON.parse(before.json) as RegistryDocument;
    document.version++;
    change(document);
    const json = canonicalJson(document);
    const text = registryText(nodeCrypto, document.version, json, before.note);
    const keys = signers.map((one) => (typeof one === 'string' ? this.signer(one) : one));
    const note = await signNote(nodeCrypto, text, keys);
    return { json, note: keys.length === 0 ? note : registryNote(parseNote(note)) };
  }

  /** Puts a version where nodes read it. */
  write({ note, json }: RegistryVersion, folder = join(this.#directory, 'registry')): void {
    const number = String((JSON.parse(json) as RegistryDocument).version).padStart(6, '0');
    writeFileSync(join(folder, `${number}.json`), json);
    writeFileSync(join(folder, `${number}.note`), note);
  }
}

/** One member's entry of a document. */
export function entryOf(document: RegistryDocument, code: string): RegistryDocument['members'][number] {
  const entry = document.members.find((one) => one.code === code);
  if (entry === undefined) throw new Error(`no entry of ${code}`);
  return entry;
}
