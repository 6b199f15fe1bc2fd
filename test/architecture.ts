import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, posix, relative } from 'node:path';

/**
 * The import table of the house, and the rules that keep pure code pure. Read by
 * `architecture.test.ts`, which also plants violations and sees each one found.
 */

export type Sources = ReadonlyMap<string, string>;

const EVERYTHING = ['*'];

/** Folder → the folders it may import. A value import; `import type` is free within PLATFORM_TYPES. */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  values: [],
  log: ['values'],
  storage: ['values'],
  ledger: ['values', 'log', 'storage'],
  members: ['values', 'log'],
  federation: ['values', 'log', 'ledger', 'members'],
  trade: ['values', 'log', 'members'],
  http: ['values', 'log/verify.ts', 'members', 'trade/contract.ts', 'platform.ts'],
  cli: [
    'values',
    'log',
    'members',
    'trade/contract.ts',
    'trade/measures/*',
    'trade/goods/*',
    'platform.ts',
    'operations.ts',
    'erasing.ts',
    'doctor.ts',
    'http',
    'storage',
  ],
  web: ['values', 'log', 'members', 'trade'],
  'platform.ts': EVERYTHING,
  'views.ts': EVERYTHING,
  'operations.ts': EVERYTHING,
  'erasing.ts': EVERYTHING,
  'opening.ts': EVERYTHING,
  'doctor.ts': EVERYTHING,
  bench: EVERYTHING,
  quality: EVERYTHING,
  test: EVERYTHING,
};

/** In a domain, only these files see the database, and only these the log. */
const SEES_STORAGE = /(^|\/)store\.ts$|-store\.ts$/;
const SEES_LEDGER = /(^|\/)(handlers|[a-z]+-handlers)\.ts$/;
const DOMAINS = ['members', 'federation', 'trade'];

/** Files of a domain that are pure: no clock, no input or output, no randomness. */
const IMPURE_FILES =
  /(^|\/)(handlers|store|[a-z-]+-handlers|[a-z-]+-store|genesis|keys|key-file|key-secrets|keyring|pkcs11|token-signer|token-keys|registry-folder|account|token|witnessing|pulling|serve|federation|peer-client|embedded|context)\.ts$/;

const ALLOWED_LONG: Readonly<Record<string, string>> = {};

export function readSources(root: string): Map<string, string> {
  const sources = new Map<string, string>();
  const walk = (folder: string): void => {
    for (const name of readdirSync(folder)) {
      if (name === 'node_modules' || name === 'dist' || name.startsWith('.')) continue;
      const path = join(folder, name);
      if (statSync(path).isDirectory()) walk(path);
      else if (/\.tsx?$/.test(name))
        sources.set(relative(root, path).replaceAll('\\', '/'), readFileSync(path, 'utf8'));
    }
  };
  walk(root);
  return sources;
}

interface Import {
  readonly target: string;
  readonly typeOnly: boolean;
}

function importsOf(path: string, text: string): Import[] {
  const found: Import[] = [];
  for (const match of text.matchAll(/(?:^|\n)\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/g)) {
    const specifier = match[2] ?? '';
    const target = specifier.startsWith('.') ? posix.normalize(posix.join(posix.dirname(path), specifier)) : specifier;
    found.push({ target, typeOnly: match[1] !== undefined });
  }
  for (const match of text.matchAll(/\bimport\(\s*'(\.[^']+)'\s*\)/g)) {
    found.push({ target: posix.normalize(posix.join(posix.dirname(path), match[1] ?? '')), typeOnly: false });
  }
  return found;
}

const folderOf = (path: string): string => (path.includes('/') ? (path.split('/')[0] ?? path) : path);
const isTest = (path: string): boolean =>
  /\.test\.tsx?$/.test(path) || path.endsWith('fixture.ts') || path.startsWith('test/');

function forbiddenImport(path: string, { target, typeOnly }: Import, known: Sources): string | undefined {
  if (!known.has(target)) return undefined;
  const from = folderOf(path);
  const to = folderOf(target);
  if (from === to || isTest(path)) return undefined;
  const allowed = MAY_IMPORT[from];
  if (allowed === undefined) return `${path}: folder '${from}' is not in the import table`;
  // The browser sees what is pure, and types.
  if (from === 'web' && !typeOnly && IMPURE_FILES.test(target)) return `${path} may not import ${target}`;
  if (allowed.includes('*') || allowed.includes(to) || allowed.includes(target)) return undefined;
  if (allowed.some((one) => one.endsWith('/*') && target.startsWith(one.slice(0, -1)))) return undefined;
  if (DOMAINS.includes(from)) {
    if (typeOnly && ['ledger', 'storage', 'federation'].includes(to)) return undefined;
    if (to === 'storage' && SEES_STORAGE.test(path)) return undefined;
    if (to === 'ledger' && SEES_LEDGER.test(path)) return undefined;
  }
  if (typeOnly && to === 'platform.ts') return undefined;
  return `${path} may not import ${target}`;
}

function cycles(sources: Sources): string[] {
  const graph = new Map<string, string[]>();
  for (const [path, text] of sources) {
    graph.set(
      path,
      importsOf(path, text)
        .filter((one) => !one.typeOnly && sources.has(one.target))
        .map((one) => one.target),
    );
  }
  const found: string[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const visit = (path: string, trail: readonly string[]): void => {
    if (state.get(path) === 'done') return;
    if (state.get(path) === 'open') {
      found.push(`cycle: ${[...trail.slice(trail.indexOf(path)), path].join(' → ')}`);
      return;
    }
    state.set(path, 'open');
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    state.set(path, 'done');
  };
  for (const path of graph.keys()) visit(path, []);
  return found;
}

function impurity(path: string, text: string, members: readonly string[]): string[] {
  const found: string[] = [];
  const folder = folderOf(path);
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|(^|\s)\/\/.*$/gm, '');
  if (folder === 'log' && /from 'node:/.test(code))
    found.push(`${path}: log/ runs in the browser and imports no node: module`);
  const pure = folder === 'log' || (DOMAINS.includes(folder) && !IMPURE_FILES.test(path));
  if (pure) {
    for (const pattern of [
      /\bDate\.now\(/,
      /\bMath\.random\(/,
      /\bnew Date\(\)/,
      /\bperformance\.now\(/,
      /\bsetTimeout\(/,
      /from 'node:fs/,
    ]) {
      if (pattern.test(code))
        found.push(`${path}: pure code takes clock, randomness and input as arguments (${pattern.source})`);
    }
  }
  if (!['values', 'test', 'bench', 'quality'].includes(folder)) {
    for (const code2 of members) {
      if (new RegExp(`['"\`]${code2}['"\`]`).test(code))
        found.push(`${path}: names the member ${code2}; members are data`);
    }
  }
  return found;
}

/** Every breach of the house's rules in these sources, as sentences; empty when there is none. */
export function breaches(sources: Sources, members: readonly string[]): string[] {
  const found: string[] = [];
  for (const [path, text] of sources) {
    for (const one of importsOf(path, text)) {
      const breach = forbiddenImport(path, one, sources);
      if (breach !== undefined) found.push(breach);
    }
    if (isTest(path)) continue;
    found.push(...impurity(path, text, members));
    const lines = text.split('\n').length;
    if (lines > 500 && ALLOWED_LONG[path] === undefined) found.push(`${path}: ${lines} lines, over 500 needs a reason`);
  }
  return [...found, ...cycles(new Map([...sources].filter(([path]) => !isTest(path))))];
}
