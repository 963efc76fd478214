// When the set-up installs packages and when it lets be; a stand-in for npm shows whether it was called.
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ensurePackages } from '../../infra/setup/packages.mjs';

type Packages = Readonly<Record<string, { readonly version: string; readonly optional?: boolean }>>;

const LOCKED: Packages = {
  '': { version: '0.1.0' },
  'node_modules/pino': { version: '10.4.0' },
  'node_modules/for-another-platform': { version: '1.0.0', optional: true },
};

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'sortition-packages-'));
  // So that the npm on the path is taken and not the one that runs these tests.
  vi.stubEnv('npm_execpath', '');
  vi.stubEnv('PATH', `${root}/bin:/usr/bin:/bin`);
  await mkdir(join(root, 'node_modules'));
  await writeFile(join(root, 'package-lock.json'), JSON.stringify({ packages: LOCKED }));
  await npmThat(`echo "$@" > "${root}/called"`);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(root, { recursive: true, force: true });
});

async function npmThat(does: string): Promise<void> {
  await mkdir(join(root, 'bin'), { recursive: true });
  await writeFile(join(root, 'bin', 'npm'), `#!/bin/sh\n${does}\n`);
  await chmod(join(root, 'bin', 'npm'), 0o755);
}

const installed = (packages: Packages): Promise<void> =>
  writeFile(join(root, 'node_modules', '.package-lock.json'), JSON.stringify({ packages }));

test.each<readonly [string, Packages]>([
  [
    'all that is locked is there',
    { 'node_modules/pino': { version: '10.4.0' }, 'node_modules/for-another-platform': { version: '1.0.0' } },
  ],
  ['only packages for other platforms are missing', { 'node_modules/pino': { version: '10.4.0' } }],
])('npm is not called where %s', async (_case, present) => {
  await installed(present);
  await ensurePackages(root);
  await expect(readFile(join(root, 'called'))).rejects.toMatchObject({ code: 'ENOENT' });
});

test.each<readonly [string, Packages | undefined]>([
  ['nothing is installed', undefined],
  ['a package is missing', { 'node_modules/for-another-platform': { version: '1.0.0' } }],
  ['a package has another version', { 'node_modules/pino': { version: '10.3.9' } }],
  [
    'a package for this platform has another version',
    { 'node_modules/pino': { version: '10.4.0' }, 'node_modules/for-another-platform': { version: '0.9.0' } },
  ],
])('npm ci is called where %s', async (_case, present) => {
  if (present) await installed(present);
  await ensurePackages(root);
  expect(await readFile(join(root, 'called'), 'utf8')).toMatch(/^ci --include=dev /);
});

test('what npm said first is passed on when it fails', async () => {
  await npmThat('echo "npm error code EUSAGE" >&2; exit 1');
  await expect(ensurePackages(root)).rejects.toMatchObject({
    code: 'SETUP_PACKAGES_FAILED',
    message: expect.stringContaining('npm error code EUSAGE'),
  });
});
