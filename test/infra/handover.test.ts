// The program behind `npm start` gets each signal once, and its exit code is the command's.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import type { Readable } from 'node:stream';
import { expect, test } from 'vitest';

const HANDOVER = new URL('../../infra/setup/handover.mjs', import.meta.url).href;

/** Prints a line at its start and at each SIGINT; at SIGTERM it exits with their number. */
const COUNTER = `
  let count = 0;
  process.on('SIGINT', () => console.log('program: signal ' + ++count));
  process.on('SIGTERM', () => setImmediate(() => process.exit(count)));
  setInterval(() => {}, 1000);
  console.log('ready');`;

/** A parent that hands over to `child`; both it and the parent's clock are JavaScript sources. */
function parentOf(child: string, clock = '() => 0'): ChildProcessByStdio<null, Readable, null> {
  const parent = `import { handOver } from ${JSON.stringify(HANDOVER)};
    process.exitCode = await handOver(process.execPath, ['-e', ${JSON.stringify(child)}], {}, ${clock});`;
  return spawn(process.execPath, ['--input-type=module', '-e', parent], { stdio: ['ignore', 'pipe', 'inherit'] });
}

test('the exit code of the program becomes that of the command', async () => {
  const [code] = await once(parentOf('process.exit(7)'), 'exit');
  expect(code).toBe(7);
});

test('a program that a signal ends gives 128 and the signal’s number', async () => {
  const [code] = await once(parentOf("process.kill(process.pid, 'SIGKILL')"), 'exit');
  expect(code).toBe(137);
});

test.each([
  ['twice at once, from the terminal and from npm, reaches the program once', 0, 'parent: signal 2', 1],
  ['again a second later reaches it again', 1000, 'program: signal 2', 2],
])('a Ctrl-C that arrives %s', async (_case, step_ms, last, expected) => {
  const clock = `(() => { let n = 0; return () => { console.log('parent: signal ' + ++n); return n * ${step_ms}; }; })()`;
  const parent = parentOf(COUNTER, clock);
  const lines = createInterface(parent.stdout);
  await seen(lines, 'ready');
  parent.kill('SIGINT');
  await seen(lines, 'program: signal 1');
  parent.kill('SIGINT');
  await seen(lines, last);
  parent.kill('SIGTERM');
  const [code] = await once(parent, 'exit');
  expect(code).toBe(expected);
});

function seen(lines: Interface, wanted: string): Promise<void> {
  return new Promise((resolve) => {
    lines.on('line', (line) => line === wanted && resolve());
  });
}
