import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Refusal } from '../values/refusal.ts';

/** Where the passphrase of encrypted key files and the PIN of tokens come from. They are never an argument, and in no message. */
export interface Secrets {
  /** @param path of the key file, to ask for it by name */
  passphrase(path: string): Promise<string>;
  /** @param token label of the token */
  pin(token: string): Promise<string>;
}

/** Settings of the environment. */
export interface SecretSettings {
  readonly DOSTYK_KEY_PASSPHRASE_FILE?: string | undefined;
  readonly DOSTYK_KEY_PIN_FILE?: string | undefined;
  readonly CREDENTIALS_DIRECTORY?: string | undefined;
}

/** Settings that name files, and the name of the systemd credential that is taken otherwise. */
const SOURCES = {
  passphrase: { variable: 'DOSTYK_KEY_PASSPHRASE_FILE', credential: 'dostyk-keys' },
  pin: { variable: 'DOSTYK_KEY_PIN_FILE', credential: 'dostyk-pin' },
} as const;

/**
 * The first line of a file.
 * @throws Refusal 500 `key-passphrase-missing`
 */
export function readSecret(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Refusal(500, 'key-passphrase-missing', `${path} can't be read.`, { cause });
  }
  const secret = text.replace(/\r?\n$/, '');
  if (secret === '' || secret.length > 1024 || /[\r\n\0]/.test(secret))
    throw new Refusal(500, 'key-passphrase-missing', `${path} must hold one line of at most 1,024 characters.`);
  return secret;
}

/** @param ask shows a question to a person and gives the answer; only commands have it */
export function secretsOf(environment: SecretSettings, ask?: (question: string) => Promise<string>): Secrets {
  const find = async (kind: keyof typeof SOURCES, question: string, for_: string): Promise<string> => {
    const { variable, credential } = SOURCES[kind];
    const named = environment[variable];
    if (named !== undefined && named !== '') return readSecret(named);
    const credentials = environment.CREDENTIALS_DIRECTORY;
    if (credentials !== undefined && credentials !== '') {
      const path = join(credentials, credential);
      try {
        return readSecret(path);
      } catch (error) {
        // A service may have credentials for something else only.
        const { code } = ((error as Refusal).cause ?? {}) as { code?: string };
        if (code !== 'ENOENT') throw error;
      }
    }
    if (ask !== undefined) return ask(question);
    throw new Refusal(500, 'key-passphrase-missing', `There is no ${kind} for ${for_}.`, {
      remedy: `Give the service the credential ${credential}, or name a file by ${variable}; see OPERATIONS.md, keys.`,
    });
  };
  return {
    passphrase: (path) => find('passphrase', `Passphrase of ${path}: `, path),
    pin: (token) => find('pin', `PIN of the token ${token}: `, `the token ${token}`),
  };
}
