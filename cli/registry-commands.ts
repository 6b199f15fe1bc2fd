import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { canonicalJson } from '../log/canonical.ts';
import { type Note, parseNote, parseVkey, signersOf, signNote } from '../log/note.ts';
import { readStoredKey } from '../members/key-file.ts';
import { openSigner } from '../members/keyring.ts';
import { openRegistry, parseDocument, type Registry, registryNote, registryText } from '../members/registry.ts';
import { readRegistryFolder } from '../members/registry-folder.ts';
import { isSigned, missingOf, type RegistryStep, signersOfStep, stepOf } from '../members/registry-step.ts';
import { toHex } from '../values/bytes.ts';
import { nodeCrypto } from '../values/node-crypto.ts';
import { Refusal } from '../values/refusal.ts';
import { EXIT, print, say } from './outcome.ts';
import { commandSecrets } from './terminal.ts';

/** Commands for the registry's life: draft the next version, sign it, see who is missing, put it in force. */

/** The registry of a folder, from its pinned genesis. */
export async function registryOf(folder: string, genesis?: string): Promise<Registry> {
  if (!existsSync(folder))
    throw new Refusal(400, 'usage', `There is no registry in ${folder}.`, {
      remedy: 'Name it with --registry, or make a demonstration with `dostyk init`.',
    });
  const pinned = genesis ?? readFileSync(join(folder, 'genesis.txt'), 'utf8').trim();
  return openRegistry(nodeCrypto, readRegistryFolder(folder), pinned);
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Refusal(400, 'file-unreadable', `${file} can't be read: ${(cause as Error).message}`, { cause });
  }
}

interface Draft {
  /** What is signed: canonical, whatever white space the draft has. */
  readonly json: string;
  readonly text: string;
  readonly step: RegistryStep;
  readonly version: number;
}

function readDraft(file: string, registry: Registry): Draft {
  let value: unknown;
  try {
    value = JSON.parse(readText(file));
  } catch (cause) {
    if (cause instanceof Refusal) throw cause;
    throw new Refusal(400, 'usage', `${file} is not JSON: ${(cause as Error).message}`, { cause });
  }
  const json = canonicalJson(value);
  const document = parseDocument(json);
  const version = registry.document.version + 1;
  if (document.version !== version)
    throw new Refusal(409, 'registry-version', `The draft is version ${document.version}; the next is ${version}.`, {
      params: { version },
      remedy: 'Draft it anew on the version that is in force, with your change.',
    });
  const text = registryText(nodeCrypto, version, json, registry.versions.at(-1)?.note);
  return { json, text, version, step: stepOf(registry.document, document) };
}

/** The signatures beside a draft; those over another text are of an earlier draft and count for nothing. */
function readSignatures(file: string, text: string): Note {
  if (!existsSync(file)) return { text, signatures: [] };
  const note = parseNote(readText(file));
  return note.text === text ? note : { text, signatures: [] };
}

/** Which members' keys signed, and which still may. */
async function standing({ step }: Draft, note: Note) {
  const asked = signersOfStep(step);
  const keys = asked.map(({ member, vkey }) => ({ member, vkey, key: parseVkey(nodeCrypto, vkey) }));
  const found = await signersOf(
    nodeCrypto,
    note,
    keys.map(({ key }) => key),
  );
  const signed = keys.filter(({ key }) => found.includes(key));
  const by = (vkey: string): boolean => signed.some((one) => one.vkey === vkey);
  const { members: missing, besides } = missingOf(step, by);
  return {
    complete: isSigned(step, by),
    signed: signed.map(({ member }) => member).sort(),
    // The least that is enough, where there is a choice.
    missing,
    ...(besides === undefined ? {} : { besides }),
  };
}

const tellMissing = (missing: readonly string[], besides?: { count: number; of: readonly string[] }): string =>
  [
    ...(missing.length === 0 ? [] : [missing.join(', ')]),
    ...(besides === undefined ? [] : [`${besides.count} of ${besides.of.join(', ')}`]),
  ].join(' and ');

function writeWhole(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

const KINDS: Readonly<Record<RegistryStep['kind'], string>> = {
  genesis: 'the first version',
  'own-entry': "a change of a member's own entry, which its own member key signs",
  'member-key': 'a new member key, which all the others sign',
  'log-closed': 'the closing of a log, which all the others sign',
  'log-succeeded': 'a new log after a closed one, which its member and more than half of the others sign',
  everyone: 'a change that every member signs',
};

export function addRegistryCommands(program: Command): void {
  const directory = (): string => program.opts<{ directory: string }>().directory;
  const registry = program
    .command('registry')
    .description('the registry of members and keys: draft, sign, check and put in force its next version');
  const inFolder = (command: Command): Command =>
    command.option('--registry <folder>', "folder of the registry's versions").option('--json', 'print as JSON');
  const folderOf = (options: { registry?: string }): string => options.registry ?? join(directory(), 'registry');

  inFolder(registry.command('show').description('every version: what it changed and who signed it')).action(
    async (options: { registry?: string; json?: boolean }) => {
      const { versions, genesis } = await registryOf(folderOf(options));
      const steps = versions.map(({ json, note }, i) => {
        const before = versions[i - 1];
        const document = parseDocument(json);
        const { kind, member } = stepOf(before && parseDocument(before.json), document);
        return {
          version: i + 1,
          publishedAt: document.publishedAt,
          kind,
          ...(member === undefined ? {} : { member }),
          signers: parseNote(note).signatures.map(({ name }) => name),
          hash: toHex(nodeCrypto.sha256(new TextEncoder().encode(note))),
        };
      });
      print(options.json, { genesis, versions: steps }, () =>
        steps
          .map(
            (one) =>
              `${String(one.version).padStart(3)}  ${one.publishedAt}  ${KINDS[one.kind]}${one.member === undefined ? '' : ` (${one.member})`}; signed by ${one.signers.join(', ')}`,
          )
          .join('\n'),
      );
    },
  );

  inFolder(
    registry
      .command('draft')
      .description('write the next version as a file to edit: the one in force, its number and date moved on')
      .argument('<file>', 'where to write it'),
  ).action(async (file: string, options: { registry?: string; json?: boolean }) => {
    const { document } = await registryOf(folderOf(options));
    if (existsSync(file)) throw new Refusal(409, 'file-exists', `${file} exists already.`, { remedy: 'Name another.' });
    const next = { ...document, version: document.version + 1, publishedAt: new Date().toISOString() };
    writeWhole(file, `${JSON.stringify(next, null, 2)}\n`);
    print(
      options.json,
      { file, version: next.version },
      () => `Wrote version ${next.version} to ${file}: edit, then \`dostyk registry sign\`.`,
    );
  });

  inFolder(
    registry
      .command('sign')
      .description('add a signature to a draft; signatures of all members gather in one note, in any order')
      .argument('<draft>', 'the JSON file')
      .requiredOption('--key <file>', "the member key's file")
      .option('--note <file>', 'where the signatures are; without it beside the draft, ending .note'),
  ).action(async (file: string, options: { registry?: string; key: string; note?: string; json?: boolean }) => {
    const current = await registryOf(folderOf(options));
    const draft = readDraft(file, current);
    const noteFile = options.note ?? file.replace(/(\.json)?$/, '.note');
    const asked = readStoredKey(options.key).vkey;
    if (!signersOfStep(draft.step).some(({ vkey }) => vkey === asked))
      throw new Refusal(422, 'signature-not-asked', `This is ${KINDS[draft.step.kind]}; this key has no say in it.`);
    const signer = await openSigner(options.key, commandSecrets());
    const before = readSignatures(noteFile, draft.text);
    const [own] = parseNote(await signNote(nodeCrypto, draft.text, [signer])).signatures;
    await signer.close();
    const others = before.signatures.filter(({ name }) => name !== own?.name);
    const note = { text: draft.text, signatures: own === undefined ? others : [...others, own] };
    writeWhole(noteFile, registryNote(note));
    const now = await standing(draft, note);
    print(options.json, { note: noteFile, version: draft.version, kind: draft.step.kind, ...now }, () =>
      now.complete
        ? `Signed; ${noteFile} has every signature it needs.`
        : `Signed by ${now.signed.join(', ')}; still missing: ${tellMissing(now.missing, now.besides)}.`,
    );
  });

  const check = async (file: string, options: { registry?: string; note?: string }) => {
    const current = await registryOf(folderOf(options));
    const draft = readDraft(file, current);
    const note = readSignatures(options.note ?? file.replace(/(\.json)?$/, '.note'), draft.text);
    return { current, draft, note, ...(await standing(draft, note)) };
  };

  inFolder(
    registry
      .command('check')
      .description('what a draft changes, who must sign it and who has; exits 0 when it is complete')
      .argument('<draft>', 'the JSON file')
      .option('--note <file>', 'where the signatures are'),
  ).action(async (file: string, options: { registry?: string; note?: string; json?: boolean }) => {
    const { draft, complete, signed, missing, besides } = await check(file, options);
    const { kind, member } = draft.step;
    print(options.json, { version: draft.version, kind, member, complete, signed, missing, besides }, () =>
      [
        `Version ${draft.version}: ${KINDS[kind]}${member === undefined ? '' : ` (${member})`}.`,
        `Signed by ${signed.join(', ') || 'nobody yet'}.`,
        complete ? 'Nothing is missing.' : `Still missing: ${tellMissing(missing, besides)}.`,
      ].join('\n'),
    );
    process.exitCode = complete ? EXIT.done : EXIT.declined;
  });

  inFolder(
    registry
      .command('add')
      .description(
        "put a complete version into the registry's folder; a running node takes it up within seconds, and the others from it",
      )
      .argument('<draft>', 'the JSON file')
      .option('--note <file>', 'where the signatures are')
      .option('--yes', 'do not ask: a version that is out can not be taken back'),
  ).action(async (file: string, options: { registry?: string; note?: string; yes?: boolean; json?: boolean }) => {
    const { current, draft, note, complete, missing, besides } = await check(file, options);
    if (!complete)
      throw new Refusal(422, 'registry-incomplete', `Signatures are missing: ${tellMissing(missing, besides)}.`, {
        remedy: 'Gather them with `dostyk registry sign`.',
      });
    const version = { json: draft.json, note: registryNote(note) };
    await openRegistry(nodeCrypto, [...current.versions, version], current.genesis);
    if (options.yes !== true)
      throw new Refusal(400, 'usage', `This puts version ${draft.version} in force: ${KINDS[draft.step.kind]}.`, {
        remedy: 'A version that is out can not be taken back. Say --yes to do it.',
      });
    const path = join(folderOf(options), String(draft.version).padStart(6, '0'));
    writeWhole(`${path}.json`, version.json);
    // The note last: a version without its note is none.
    writeWhole(`${path}.note`, version.note);
    say(`Version ${draft.version} is in ${path}.note`);
    print(
      options.json,
      { version: draft.version, file: `${path}.note` },
      () => 'Running nodes take it up within seconds.',
    );
  });
}
