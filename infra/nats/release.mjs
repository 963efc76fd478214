// Way 'release': the official archive, accepted only if it is byte for byte the one pinned here.
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SetupError } from '../setup/codes.mjs';
import { run } from '../setup/command.mjs';

/**
 * SHA-256 of the archives of v2.14.5. Linux: as in the official container image's build file (nats-io/nats-docker,
 * 2.14.x/alpine3.22). macOS: three public projects that pin the same release agree on them and on the Linux ones.
 */
export const PINNED = {
  version: '2.14.5',
  sha256: {
    'linux-amd64': '5e3b603d47c447bda1f77f9ac16dbf91c90aac4ff3681f8fbbc7201e4ed99355',
    'linux-arm64': '673a98d3faa79dde3f9ebf16d6dfac36a5f694e7ad2015e4954dd7939c85cd4c',
    'darwin-amd64': 'f95c98d6b6ed2b63c5681b46b092c9585c99767d547cf495730c329234625e96',
    'darwin-arm64': 'ddd907854d9a2de834af133fa396915fe6442fe6d8909ae31390d1ea7a0fea50',
  },
};

const RELEASES = 'https://github.com/nats-io/nats-server/releases/download';
const DOWNLOAD_TIMEOUT_MS = 120_000;

/** Downloads, checks and unpacks the archive into `dir`; returns the binary's path. */
export async function fromRelease(dir, { base = RELEASES, pinned = PINNED } = {}) {
  const platform = `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`;
  const expected = pinned.sha256[platform];
  if (!expected) throw new SetupError('NATS_WAY_UNAVAILABLE', `no pinned release for ${platform}`);
  const name = `nats-server-v${pinned.version}-${platform}`;
  const bytes = await download(`${base}/v${pinned.version}/${name}.tar.gz`);
  const actual = createHash('sha256').update(bytes).digest('hex');
  if (actual !== expected)
    throw new SetupError('NATS_CHECKSUM_MISMATCH', `${name}: expected ${expected}, got ${actual}`);
  return unpack(bytes, name, dir);
}

async function download(url) {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS) });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return Buffer.from(await response.arrayBuffer());
  } catch (error) {
    throw new SetupError('NATS_DOWNLOAD_FAILED', `${url}: ${error.cause?.message ?? error.message}`, { cause: error });
  }
}

async function unpack(bytes, name, dir) {
  const archive = join(dir, 'nats-server.tar.gz');
  await writeFile(archive, bytes);
  const { ok, output } = await run('tar', ['-xzf', archive, '-C', dir, '--strip-components=1', `${name}/nats-server`]);
  if (!ok) throw new SetupError('NATS_WAY_FAILED', `tar: ${output}`);
  return join(dir, 'nats-server');
}
