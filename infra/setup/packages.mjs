// Installs the locked packages, and only when what is in node_modules is not what the lock file says.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SetupError } from './codes.mjs';
import { firstLines, run, say } from './command.mjs';

// The development packages hold the project's own Node, so they are needed even where npm is told to leave such out.
const INSTALL = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];

/** @throws {SetupError} SETUP_PACKAGES_FAILED with npm's own words */
export async function ensurePackages(root) {
  if (await areInstalled(root)) return;
  say('packages: installing (once, about half a minute) …');
  const { ok, output } = await npm(INSTALL, root);
  if (!ok) throw new SetupError('SETUP_PACKAGES_FAILED', `npm ci failed:\n${firstLines(output)}`);
}

/** Runs the npm that called us, or the one on the path. */
export function npm(args, cwd) {
  const caller = process.env.npm_execpath ?? '';
  return /npm-cli\.c?js$/.test(caller) ? run(process.execPath, [caller, ...args], { cwd }) : run('npm', args, { cwd });
}

/**
 * npm writes what it installed into node_modules, as its last act: no stamp of ours could be truer.
 * Packages for other platforms are in the lock file and rightly absent.
 */
async function areInstalled(root) {
  const [wanted, present] = await Promise.all([
    readPackages(join(root, 'package-lock.json')),
    readPackages(join(root, 'node_modules', '.package-lock.json')),
  ]);
  return Object.entries(wanted ?? {}).every(([path, { version, optional }]) => {
    if (path === '') return true;
    const found = present?.[path];
    return found ? found.version === version : optional === true && present !== undefined;
  });
}

async function readPackages(path) {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : JSON.parse(text).packages;
}
