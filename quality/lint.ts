import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Finished, type Part, QUALITY, type Result, run } from './part.ts';

/** The OpenAPI document as a running node serves it, read by two linters that share no code. */

interface SpectralProblem {
  readonly code: string;
  readonly message: string;
  readonly path: readonly (string | number)[];
}

interface RedoclyProblem {
  readonly ruleId: string;
  readonly message: string;
  readonly location: readonly { readonly pointer?: string }[];
}

export const lint: Part = async ({ demo, folder, say }) => {
  const address = (await demo()).address('KZ');
  const response = await fetch(`${address}/openapi.json`);
  if (!response.ok) throw new Error(`/openapi.json answered ${response.status}`);
  const file = join(folder, 'openapi.json');
  // Laid out in lines, so that a line number means something.
  writeFileSync(file, JSON.stringify(await response.json(), null, 1));
  say('lint: Spectral and Redocly');
  const [spectral, redocly] = await Promise.all([
    run('spectral', [
      'lint',
      '--ruleset',
      join(QUALITY, 'spectral.yaml'),
      '--fail-severity',
      'hint',
      '--format',
      'json',
      file,
    ]),
    run('redocly', [
      'lint',
      '--config',
      join(QUALITY, 'redocly.yaml'),
      '--format',
      'json',
      '--max-problems',
      '1000',
      file,
    ]),
  ]);
  const found = (read<SpectralProblem[]>(spectral, '[') ?? []).map(
    ({ code, message, path }) => `${code}: ${message} (${path.join('/')})`,
  );
  const { problems = [] } = read<{ problems?: RedoclyProblem[] }>(redocly, '{') ?? {};
  return [
    result('Spectral', spectral, found),
    result(
      'Redocly',
      redocly,
      problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} (${location[0]?.pointer ?? '?'})`),
    ),
  ];
};

/** A tool that can't run finds nothing either: its exit code counts as well. */
function result(name: string, { code, stderr }: Finished, found: readonly string[]): Result {
  const details = code !== 0 && found.length === 0 ? [`ended with ${code}: ${stderr.trim().slice(0, 500)}`] : found;
  return { name, value: `${found.length} problems`, bound: '0', ok: code === 0 && found.length === 0, details };
}

/** The JSON that a tool printed, perhaps with a sentence after it; undefined where there is none. */
function read<T>({ stdout }: Finished, opening: '[' | '{'): T | undefined {
  const from = stdout.indexOf(opening);
  const to = stdout.lastIndexOf(opening === '[' ? ']' : '}');
  return from < 0 || to < from ? undefined : (JSON.parse(stdout.slice(from, to + 1)) as T);
}
