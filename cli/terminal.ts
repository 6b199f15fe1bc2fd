import type { Readable, Writable } from 'node:stream';
import { readSecret, type Secrets, secretsOf } from '../members/key-secrets.ts';
import { Refusal } from '../values/refusal.ts';

/** Asking a person for a secret: on the terminal, without echo, and never where there is none. */

interface Terminal {
  readonly input: Readable & { isTTY?: boolean; setRawMode?(raw: boolean): unknown };
  readonly output: Writable;
}

const END = ['\r', '\n', '\u0004'];
const ERASE = ['\u007f', '\b'];

/**
 * @throws Refusal 500 `key-passphrase-missing` where nobody can be asked; 400 `usage` where the answer is broken off with Ctrl-C
 */
export function askSecret(question: string, { input, output }: Terminal): Promise<string> {
  if (input.isTTY !== true)
    throw new Refusal(500, 'key-passphrase-missing', 'There is no passphrase and no terminal to ask for it.', {
      remedy: 'Name a file by DOSTYK_KEY_PASSPHRASE_FILE or DOSTYK_KEY_PIN_FILE, or call this on a terminal.',
    });
  return new Promise((resolve, reject) => {
    let answer = '';
    const end = (act: () => void): void => {
      input.off('data', take);
      input.setRawMode?.(false);
      input.pause();
      output.write('\n');
      act();
    };
    const take = (chunk: Buffer): void => {
      for (const letter of chunk.toString('utf8')) {
        if (letter === '\u0003' || END.includes(letter)) {
          end(() =>
            letter === '\u0003' ? reject(new Refusal(400, 'usage', 'Broken off; nothing was done.')) : resolve(answer),
          );
          return;
        }
        if (ERASE.includes(letter)) answer = [...answer].slice(0, -1).join('');
        else answer += letter;
      }
    };
    // Echo is off before the question stands there.
    input.setRawMode?.(true);
    input.on('data', take);
    input.resume();
    output.write(question);
  });
}

const here = (): Terminal => ({ input: process.stdin, output: process.stderr });

/** Secrets of a command: from the same files as the node's, otherwise asked for. */
export const commandSecrets = (): Secrets => secretsOf(process.env, async (question) => askSecret(question, here()));

const SHORTEST = 12;

/**
 * A passphrase that is set: from a file, or asked for twice.
 * @throws Refusal 400 `usage` where it is too short or the two differ
 */
export async function newPassphrase(path: string, file: string | undefined, terminal = here()): Promise<string> {
  const first = file === undefined ? await askSecret(`New passphrase of ${path}: `, terminal) : readSecret(file);
  if (first.length < SHORTEST)
    throw new Refusal(400, 'usage', `A passphrase has at least ${SHORTEST} characters; nothing was done.`);
  if (file === undefined && (await askSecret('The same again: ', terminal)) !== first)
    throw new Refusal(400, 'usage', 'The two differ; nothing was done.');
  return first;
}
