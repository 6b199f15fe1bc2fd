#!/usr/bin/env node
// The `dostyk` command, as it is in the repository: checks Node, installs and builds what is missing, then starts the built command.
// Plain JavaScript on purpose: it must run before anything is installed or built.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Dostyk needs Node 20.19 or newer; this is ${process.version}.`);
  process.exit(3);
}

/** Newest change below a folder, of the files that the build reads. */
function newest(folder) {
  let time = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name.startsWith('.') || ['node_modules', 'dist', 'examples', 'quality', 'test'].includes(entry.name))
      continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) time = Math.max(time, newest(path));
    else if (
      /\.tsx?$|^tsconfig.*\.json$|^package-lock\.json$/.test(entry.name)
        ? !/\.test\.tsx?$/.test(entry.name)
        : below(path)
    )
      time = Math.max(time, statSync(path).mtimeMs);
  }
  return time;
}

/** Of the web app the build reads every file. */
const below = (path) => path.startsWith(join(root, 'web'));

function run(title, command, args) {
  console.error(`${title} …`);
  const done = spawnSync(command, args, { cwd: root, encoding: 'utf8', shell: process.platform === 'win32' });
  if (done.status === 0) return;
  console.error(done.stdout ?? '', done.stderr ?? '', done.error?.message ?? '');
  // Thrown, not exited: the lock must be let go.
  throw new Error(`${title} failed. Mend what is named above and run the command again.`);
}

const alive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

/** One process at a time installs or builds; a lock whose owner is gone is taken over. */
async function locked(act) {
  const lock = join(root, '.dostyk-build.lock');
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      const owner = existsSync(lock) ? Number(readFileSync(lock, 'utf8')) : 0;
      if (owner > 0 && !alive(owner)) rmSync(lock, { force: true });
      else await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  try {
    act();
  } finally {
    rmSync(lock, { force: true });
  }
}

const installed = join(root, 'node_modules', '.package-lock.json');
const isInstalled = () =>
  existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs - 1000;
const stamp = join(root, 'dist', '.built');
const isBuilt = () => existsSync(stamp) && Number(readFileSync(stamp, 'utf8')) >= newest(root);

if (!isInstalled() || !isBuilt()) {
  const prepared = locked(() => {
    if (!isInstalled()) {
      run('Installing packages', 'npm', ['ci', '--no-audit', '--no-fund']);
      writeFileSync(installed, readFileSync(installed));
    }
    if (!isBuilt()) {
      const time = newest(root);
      run('Building', process.execPath, [
        join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
        '-p',
        'tsconfig.build.json',
      ]);
      run('Building the web app', process.execPath, [
        join(root, 'node_modules', 'vite', 'bin', 'vite.js'),
        'build',
        '--config',
        join(root, 'web', 'vite.config.ts'),
        '--logLevel',
        'warn',
      ]);
      mkdirSync(dirname(stamp), { recursive: true });
      writeFileSync(stamp, String(time));
    }
  });
  await prepared.catch((error) => {
    console.error(error.message);
    process.exit(3);
  });
}
if (process.env.DOSTYK_PREPARE_ONLY !== '1') await import(pathToFileURL(join(root, 'dist', 'cli', 'main.js')).href);
