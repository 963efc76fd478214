// The Node that the project runs on: the locked npm package `node`, whatever Node the machine has.
import { link, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isAtLeast } from '../nats/version.mjs';
import { SetupError } from './codes.mjs';
import { run, say } from './command.mjs';
import { npm } from './packages.mjs';

/** The oldest that runs TypeScript by itself without a warning; `engines` in package.json says the same. */
const MINIMUM = '24.12.0';

/** @returns {Promise<string>} path of a Node that runs the sources @throws {SetupError} SETUP_NODE_MISSING */
export async function ensureNode(root) {
  const own = join(root, 'node_modules', 'node', 'bin', 'node');
  if (await fits(own)) return own;
  await installPlatformPackage(root, own);
  if (await fits(own)) return own;
  // Where the package has no build for this machine (musl, say), the Node that runs us may do.
  if (await fits(process.execPath)) return process.execPath;
  throw new SetupError('SETUP_NODE_MISSING', `${process.execPath} is ${process.version}, ${MINIMUM} is needed`);
}

async function fits(file) {
  const { ok, stdout } = await run(file, ['--version']);
  return ok && isAtLeast(stdout, MINIMUM);
}

/** What the package's own install script would have done, for machines on which npm runs no scripts. */
async function installPlatformPackage(root, own) {
  say('node: fetching the build for this machine …');
  const { version } = JSON.parse(await readFile(join(root, 'node_modules', 'node', 'package.json'), 'utf8'));
  const prefix = join(root, '.cache', 'node');
  const name = platformPackage();
  await mkdir(prefix, { recursive: true });
  // A package of its own, not npm's --prefix: that would look for the machine's npm settings (a certificate, say) in it.
  await writeFile(join(prefix, 'package.json'), '{}');
  const flags = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { ok } = await npm(['install', ...flags, `${name}@${version}`], prefix);
  if (!ok) return;
  await mkdir(join(own, '..'), { recursive: true });
  await rm(own, { force: true });
  await link(join(prefix, 'node_modules', name, 'bin', 'node'), own);
  // So that `npm run` finds it first, as it does after an ordinary install; it is there already when npm made it.
  await symlink('../node/bin/node', join(root, 'node_modules', '.bin', 'node')).catch(() => undefined);
}

function platformPackage() {
  const prefix = process.platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node';
  return `${prefix}-${process.platform}-${process.arch}`;
}
