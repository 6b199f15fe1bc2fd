import { existsSync, statSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { ED25519, ED25519_COSIGNATURE, formatVkey } from '../log/note.ts';
import {
  decryptKey,
  encryptKey,
  type PlainKey,
  readStoredKey,
  replaceKey,
  type StoredKey,
  writeNewKey,
} from '../members/key-file.ts';
import { openSigner } from '../members/keyring.ts';
import { makeKey, validKey } from '../members/keys.ts';
import { nodeCrypto, nodeRandom } from '../values/node-crypto.ts';
import { Refusal } from '../values/refusal.ts';
import { print } from './outcome.ts';
import { commandSecrets, newPassphrase } from './terminal.ts';

/** Commands for key files: make, show, encrypt, change the passphrase, decrypt, name a key in a token. */

const formOf = (key: StoredKey): 'plain' | 'encrypted' | 'token' =>
  'seed' in key ? 'plain' : 'encrypted' in key ? 'encrypted' : 'token';

const FORMS = {
  plain: 'in clear',
  encrypted: 'encrypted under a passphrase',
  token: 'in a token',
} as const;

function assertNew(file: string): void {
  if (existsSync(file)) throw new Refusal(409, 'file-exists', `${file} exists already.`, { remedy: 'Name another.' });
}

/** The seed of a file, by its passphrase where it has one. */
async function seedOf(file: string): Promise<{ stored: StoredKey; key: PlainKey; passphrase?: string }> {
  const stored = readStoredKey(file);
  if ('pkcs11' in stored)
    throw new Refusal(409, 'key-in-token', `The key of ${file} is in a token, which keeps it.`, {
      remedy: "Its PIN is changed with the token's own tools.",
    });
  if ('seed' in stored) return { stored, key: validKey(stored, file) };
  const passphrase = await commandSecrets().passphrase(file);
  return { stored, key: validKey(await decryptKey(stored, passphrase, file), file), passphrase };
}

const sameSeed = (key: PlainKey) => async (written: StoredKey, passphrase?: string) =>
  'seed' in written
    ? written.seed === key.seed
    : 'encrypted' in written &&
      passphrase !== undefined &&
      (await decryptKey(written, passphrase, 'what was written')).seed === key.seed;

async function putEncrypted(file: string, key: PlainKey, passphrase: string): Promise<void> {
  const isSame = sameSeed(key);
  await replaceKey(file, await encryptKey(key, passphrase, nodeRandom), (written) => isSame(written, passphrase));
}

function assertYes(options: { yes?: boolean }, what: string, remedy: string): void {
  if (options.yes !== true) throw new Refusal(400, 'usage', what, { remedy });
}

const roleOption = () =>
  new Option('--role <role>', 'what it signs: a witness key makes cosignatures, all others plain signatures')
    .choices(['member', 'log', 'witness', 'node', 'document'])
    .makeOptionMandatory();
const typeOf = (role: string): number => (role === 'witness' ? ED25519_COSIGNATURE : ED25519);
const NEW_PASSPHRASE = ['--new-passphrase-file <file>', 'take the new passphrase from a file and do not ask'] as const;

export function addKeyCommands(program: Command): void {
  const key = program
    .command('key')
    .description(
      'key files: make, show, encrypt, and name keys in tokens. Passphrases and PINs are asked for on the terminal, or come from the files that DOSTYK_KEY_PASSPHRASE_FILE and DOSTYK_KEY_PIN_FILE name',
    );

  key
    .command('make')
    .description('make a key: its file is encrypted under a passphrase that is asked for twice')
    .argument('<file>', 'where to write it; an existing file is never overwritten')
    .requiredOption('--name <name>', "the key's name, e.g. demo.kz.dostyk/log")
    .addOption(roleOption())
    .option('--plain', 'in clear: for demonstrations and tests')
    .option(...NEW_PASSPHRASE)
    .option('--json', 'print as JSON')
    .action(
      async (
        file: string,
        options: { name: string; role: string; plain?: boolean; newPassphraseFile?: string; json?: boolean },
      ) => {
        assertNew(file);
        const made = makeKey(options.name, typeOf(options.role), nodeRandom);
        const stored =
          options.plain === true
            ? made
            : await encryptKey(made, await newPassphrase(file, options.newPassphraseFile), nodeRandom);
        writeNewKey(file, stored);
        print(
          options.json,
          { file, vkey: made.vkey, form: formOf(stored) },
          () => `Wrote ${file}, ${FORMS[formOf(stored)]}. For the registry:\n${made.vkey}`,
        );
      },
    );

  key
    .command('show')
    .description('the verifier key of a file, and in which form its key is kept')
    .argument('<file>', 'a key file')
    .option('--open', 'open it as well, by its passphrase or PIN, and sign to try it')
    .option('--json', 'print as JSON')
    .action(async (file: string, options: { open?: boolean; json?: boolean }) => {
      const stored = readStoredKey(file);
      const othersRead = (statSync(file).mode & 0o077) !== 0;
      if (options.open === true) await (await openSigner(file, commandSecrets())).close();
      print(
        options.json,
        {
          file,
          vkey: stored.vkey,
          form: formOf(stored),
          ...('pkcs11' in stored ? { pkcs11: stored.pkcs11 } : {}),
          othersRead,
          ...(options.open === true ? { opens: true } : {}),
        },
        () =>
          [
            stored.vkey,
            `${FORMS[formOf(stored)]}${options.open === true ? '; it opens and signs' : ''}`,
            ...(othersRead ? [`Others can read ${file}: chmod 600.`] : []),
          ].join('\n'),
      );
    });

  key
    .command('encrypt')
    .description('encrypt a file under a passphrase; what stood there in clear is replaced once that is safely written')
    .argument('<file>', 'a key file in clear')
    .option(...NEW_PASSPHRASE)
    .option('--yes', 'do not ask: without the passphrase nobody opens it again')
    .option('--json', 'print as JSON')
    .action(async (file: string, options: { newPassphraseFile?: string; yes?: boolean; json?: boolean }) => {
      const { stored, key } = await seedOf(file);
      if (formOf(stored) !== 'plain')
        throw new Refusal(409, 'key-encrypted', `${file} is encrypted already.`, {
          remedy: 'Change its passphrase with `dostyk key passphrase`.',
        });
      assertYes(
        options,
        'Without the passphrase nobody opens the key again.',
        'Keep the passphrase in two places, then say --yes.',
      );
      await putEncrypted(file, key, await newPassphrase(file, options.newPassphraseFile));
      print(
        options.json,
        { file, vkey: key.vkey, form: 'encrypted' },
        () =>
          `${file} is encrypted. Copies in clear may be left in backups and on the disk: destroy those, or make a new key.`,
      );
    });

  key
    .command('passphrase')
    .description('change the passphrase of an encrypted file')
    .argument('<file>', 'an encrypted key file')
    .option(...NEW_PASSPHRASE)
    .option('--yes', 'do not ask: the old passphrase opens it no more')
    .option('--json', 'print as JSON')
    .action(async (file: string, options: { newPassphraseFile?: string; yes?: boolean; json?: boolean }) => {
      const { stored, key } = await seedOf(file);
      if (formOf(stored) === 'plain')
        throw new Refusal(409, 'key-plain', `${file} is in clear.`, {
          remedy: 'Encrypt it with `dostyk key encrypt`.',
        });
      assertYes(options, 'The old passphrase will open it no more.', 'Keep the new one in two places, then say --yes.');
      await putEncrypted(file, key, await newPassphrase(file, options.newPassphraseFile));
      print(options.json, { file, vkey: key.vkey, form: 'encrypted' }, () => `${file} has a new passphrase.`);
    });

  key
    .command('decrypt')
    .description('put an encrypted file in clear again')
    .argument('<file>', 'an encrypted key file')
    .option('--yes', 'do not ask: whoever reads the file then has the key')
    .option('--json', 'print as JSON')
    .action(async (file: string, options: { yes?: boolean; json?: boolean }) => {
      const { stored, key } = await seedOf(file);
      if (formOf(stored) === 'plain') throw new Refusal(409, 'key-plain', `${file} is in clear.`);
      assertYes(options, 'Whoever reads the file then has the key.', 'If that is meant, say --yes.');
      const isSame = sameSeed(key);
      await replaceKey(file, key, (written) => isSame(written));
      print(options.json, { file, vkey: key.vkey, form: 'plain' }, () => `${file} is in clear.`);
    });

  key
    .command('token')
    .description('write the file of an Ed25519 key in a PKCS#11 token, and try that it signs')
    .argument('<file>', 'where to write it; an existing file is never overwritten')
    .requiredOption('--module <library>', "the token's PKCS#11 library, e.g. /usr/lib/softhsm/libsofthsm2.so")
    .requiredOption('--token <label>', 'label of the token')
    .requiredOption('--key <label>', 'label of the key in it')
    .requiredOption('--name <name>', "the key's name, e.g. demo.kz.dostyk/log")
    .addOption(roleOption())
    .option('--make', 'make the key in the token first; it never leaves it')
    .option('--json', 'print as JSON')
    .action(
      async (
        file: string,
        options: {
          module: string;
          token: string;
          key: string;
          name: string;
          role: string;
          make?: boolean;
          json?: boolean;
        },
      ) => {
        assertNew(file);
        const { publicKeyInToken } = await import('../members/token-keys.ts');
        const { module, token } = options;
        const place = { module, token, key: options.key };
        const secrets = commandSecrets();
        const publicKey = await publicKeyInToken(place, secrets, { make: options.make === true });
        const vkey = formatVkey(nodeCrypto, options.name, typeOf(options.role), publicKey);
        const stored: StoredKey = { vkey, pkcs11: place };
        writeNewKey(file, stored);
        await (await openSigner(file, secrets)).close();
        print(options.json, { file, vkey, form: 'token' }, () => `Wrote ${file}. For the registry:\n${vkey}`);
      },
    );
}
