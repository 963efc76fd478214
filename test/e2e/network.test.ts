// What a newcomer runs: `sortition up` from first start to verified settlement, stopped, killed, and started again on the same folder.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Command, processesOf } from '../support/command.ts';
import { expectExact } from '../support/left-on-disk.ts';
import { until } from '../support/until.ts';

type Summary = {
  readonly job: string;
  readonly range: readonly [string, string];
  readonly units: number;
  readonly disagreements: number;
  readonly settlement: { readonly sum: number; readonly entries: number };
  readonly verified: boolean;
};

const PATIENT_MS = 90_000;
/** Two seconds to drain, and the rest for a busy machine to end fifteen processes. */
const STOP_MS = 6_000;
const JOB = ['--units', '4', '--unit-log2', '24', '--port', '0'] as const;

let dir: string;
const started: Command[] = [];
const up = (...options: string[]): Command => {
  const command = new Command('up', '--data', dir, ...JOB, ...options);
  started.push(command);
  return command;
};

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sortition-up-'));
});
afterAll(async () => {
  for (const command of started) command.signal('SIGTERM');
  await Promise.all(started.map((command) => command.ended));
  for (const pid of await processesOf(dir)) process.kill(pid, 'SIGKILL');
  await rm(dir, { recursive: true, force: true });
});

test('a network starts, pays for its job, refuses a second one, stops, survives its parent’s death and goes on', async () => {
  const first = up('--json');
  const done = await first.json<Summary>(PATIENT_MS);
  expect(done).toMatchObject({ units: 4, disagreements: 0, settlement: { sum: 0 }, verified: true });

  const second = up('--json');
  expect(await second.ended).not.toBe(0);
  expect(second.err).toMatch(/^NETWORK_RUNS_ALREADY: /m);

  await interrupt(first);
  await expectExact(dir, [done.job]);

  const killed = up('--json');
  await killed.says(/Console: /, PATIENT_MS);
  killed.signal('SIGKILL');
  await killed.ended;

  // Its job is under way: whatever the network is doing, it stops when it is asked.
  const interrupted = up('--json');
  await interrupted.says(/Console: /, PATIENT_MS);
  await interrupt(interrupted);

  const last = up('--json', '--exit');
  const next = await last.json<Summary>(PATIENT_MS);
  expect(next).toMatchObject({ units: 4, settlement: { sum: 0 }, verified: true });
  expect(next.range[0]).toBe(done.range[1]);
  expect(await last.ended).toBe(0);
  expect(await processesOf(dir)).toEqual([]);
  await expectExact(dir, [done.job, next.job]);
});

test('a network that is killed while it starts, forgotten, and stopped while it starts again leaves no process behind', async () => {
  const killed = up('--json', '--fresh');
  await until(async () => (await processesOf(dir)).length > 5, PATIENT_MS, 'nodes are starting');
  killed.signal('SIGKILL');
  await killed.ended;
  await until(async () => (await processesOf(dir)).length <= 1, PATIENT_MS, 'nodes end without their parent');

  const command = up('--json', '--fresh');
  await until(async () => (await processesOf(dir)).length > 5, PATIENT_MS, 'nodes are starting');
  await interrupt(command);
  expect(command.out).toBe('');
});

/** Ctrl-C: it ends soon, with code 0, and with all that it started. */
async function interrupt(command: Command): Promise<void> {
  const asked_ms = performance.now();
  command.signal('SIGINT');
  expect(await command.ended).toBe(0);
  expect(performance.now() - asked_ms).toBeLessThan(STOP_MS);
  expect(await processesOf(dir)).toEqual([]);
}
