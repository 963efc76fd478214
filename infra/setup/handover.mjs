// Goes on with the real program: its input, output, signals and exit code become ours.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
// One Ctrl-C reaches us from the terminal and again from npm, milliseconds apart; a person's second one comes later.
const SAME_KEYPRESS_MS = 400;

/**
 * Runs `file` to its end. It gets a process group of its own, so that a signal reaches it once: through us.
 * @param {string} file @param {string[]} args @param {import('node:child_process').SpawnOptions} options
 * @param {() => number} [now] clock, ms
 * @returns {Promise<number>} its exit code; 128 + the signal's number where a signal ended it
 */
export function handOver(file, args, options, now = Date.now) {
  const child = spawn(file, args, { stdio: 'inherit', detached: true, ...options });
  const last = new Map();
  const forward = (signal) => {
    const at = now();
    if (at - (last.get(signal) ?? Number.NEGATIVE_INFINITY) > SAME_KEYPRESS_MS) child.kill(signal);
    last.set(signal, at);
  };
  for (const signal of SIGNALS) process.on(signal, forward);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}
