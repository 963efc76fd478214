// Runs other programs for the set-up: quietly, with what they printed kept for the day they fail.
import { spawn } from 'node:child_process';

const SHOWN_LINES = 12;

/**
 * Runs a program to its end and captures what it prints.
 * @param {string} file @param {string[]} args @param {import('node:child_process').SpawnOptions} [options]
 * @returns {Promise<{ ok: boolean, found: boolean, stdout: string, output: string }>} `output` has both
 *   streams as they came; `found` is false where there is no such program
 */
export function run(file, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let stdout = '';
    let output = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    child.on('error', (error) => resolve({ ok: false, found: error.code !== 'ENOENT', stdout, output: error.message }));
    child.on('close', (code) => resolve({ ok: code === 0, found: true, stdout, output: output.trim() }));
  });
}

/** Progress goes to stderr: stdout belongs to the command that the set-up leads to. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** Where a tool says first what is wrong and then how to use it. */
export function firstLines(output) {
  return output.split('\n').slice(0, SHOWN_LINES).join('\n');
}

/** Where a tool says last what was wrong. */
export function lastLines(output) {
  return output.split('\n').slice(-SHOWN_LINES).join('\n');
}
