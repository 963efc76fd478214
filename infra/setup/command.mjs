// Runs other programs for the set-up: quietly, with what they printed kept for the day they fail.
import { spawn } from 'node:child_process';

const TAIL_LINES = 15;

/**
 * Runs a program to its end and captures what it prints.
 * @param {string} file @param {string[]} args @param {import('node:child_process').SpawnOptions} [options]
 * @returns {Promise<{ ok: boolean, found: boolean, stdout: string, tail: string }>} `found` is false where there is no such program
 */
export function run(file, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let stdout = '';
    let all = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      all += chunk;
    });
    child.stderr.on('data', (chunk) => {
      all += chunk;
    });
    child.on('error', (error) => resolve({ ok: false, found: error.code !== 'ENOENT', stdout, tail: error.message }));
    child.on('close', (code) => resolve({ ok: code === 0, found: true, stdout, tail: lastLines(all) }));
  });
}

/** Progress goes to stderr: stdout belongs to the command that the set-up leads to. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

function lastLines(text) {
  return text.trim().split('\n').slice(-TAIL_LINES).join('\n');
}
