// Goes on with the real program: its input, output, signals and exit code become ours.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
// One Ctrl-C reaches us from the terminal and again from npm, milliseconds apart; a person's second one comes later.
const SAME_KEYPRESS_MS = 400;

/**
 * Runs `file` to its end. It gets a process group of its own, so that a signal reaches it once: through us.
 * @returns {Promise<number>} its exit code; 128 + the signal's number where a signal ended it
 */
export function handOver(file, args, options) {
  const child = spawn(file, args, { stdio: 'inherit', detached: process.platform !== 'win32', ...options });
  const last = new Map();
  const forward = (signal) => {
    const now = Date.now();
    if (now - (last.get(signal) ?? 0) > SAME_KEYPRESS_MS) child.kill(signal);
    last.set(signal, now);
  };
  for (const signal of SIGNALS) process.on(signal, forward);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}
