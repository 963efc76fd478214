// Which nats-server is good enough, asked of the program itself.
import { run } from '../setup/command.mjs';

/** Oldest server with all that the network uses (per-message time to live, counters in stream metadata, atomic publish). */
export const MINIMUM = '2.12.0';

/** Version that the Go and Python ways install, and that the tests run on. */
export const TESTED = '2.15.1';

/** @returns {Promise<string | undefined>} the version that `file -v` prints; undefined where it does not run */
export async function versionOf(file) {
  const { ok, stdout } = await run(file, ['-v']);
  return ok ? /\bv(\d+\.\d+\.\d+)/.exec(stdout)?.[1] : undefined;
}

/** Compares the three numbers of a version; what follows them (a Debian revision, a preview tag) does not count. */
export function isAtLeast(version, minimum) {
  const a = numbers(version);
  const b = numbers(minimum);
  const i = a.findIndex((n, at) => n !== b[at]);
  return i === -1 || a[i] > b[i];
}

function numbers(version) {
  return version.match(/\d+/g).slice(0, 3).map(Number);
}
