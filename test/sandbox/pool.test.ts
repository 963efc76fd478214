// The sandbox pool with real processes: results, crashes, deadlines, aborts, bounds, and what a process may not do.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, expect, test, vi } from 'vitest';
import { COLLATZ_JUMPS_MAX } from '#machines/work/kernels/collatz.ts';
import type { Unit } from '#machines/work/kernels/kernel.ts';
import { noopResults } from '#machines/work/kernels/noop.ts';
import { kernelNumbersPerSecond } from '#runtime/sandbox/bench.ts';
import { instantiateKernel } from '#runtime/sandbox/kernel-instance.ts';
import { COLLATZ_V1, loadKernelModule } from '#runtime/sandbox/kernel-module.ts';
import { openSandboxPool, type SandboxPool } from '#runtime/sandbox/pool.ts';
import type { SandboxError } from '#runtime/sandbox/sandbox-error.ts';
import { SANDBOX_FLAGS } from '#runtime/sandbox/sandbox-process.ts';
import { MAX_SANDBOX_QUEUE, SANDBOX_NICENESS } from '#schemas/wire/limits.ts';

const run = promisify(execFile);
const unit: Unit = { kernel: 'collatz/v1', start: 2n ** 71n, unit_log2: 24 };
/** Takes many seconds: for what must end before it is done. */
const longUnit: Unit = { ...unit, unit_log2: 40 };
const kernel = instantiateKernel(new Uint8Array(await loadKernelModule(COLLATZ_V1)));
const expected = Array.from(
  { length: 256 },
  (_, i) => kernel.run(unit.start, unit.unit_log2, i, COLLATZ_JUMPS_MAX).result,
);

const pools: SandboxPool[] = [];
async function open(options: { size: number; silence_ms?: number }): Promise<SandboxPool> {
  const pool = await openSandboxPool(options);
  pools.push(pool);
  return pool;
}
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

/** How a request ended. */
const ending = (request: Promise<unknown>): Promise<string> =>
  request.then(
    () => 'done',
    (error: SandboxError) => error.code,
  );

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
const gone = (pid: number): Promise<void> => vi.waitFor(() => expect(isRunning(pid)).toBe(false), { timeout: 10_000 });

test('a unit gives one result for each sub-unit, in order, and reports each', async () => {
  const pool = await open({ size: 1 });
  const progress: number[] = [];
  const { results, suspects } = await pool.runUnit(unit, { on_progress: (done) => progress.push(done) });
  expect(results).toEqual(expected);
  expect(suspects).toEqual([]);
  expect(progress).toEqual(Array.from({ length: 256 }, (_, i) => i + 1));
});

test('a sub-unit alone gives what it gives within its unit, in the order asked for', async () => {
  const pool = await open({ size: 2 });
  const { results } = await pool.runSubUnits(unit, [200, 3, 200]);
  expect(results).toEqual([expected[200], expected[3], expected[200]]);
});

test('the no-op kernel needs no process', async () => {
  const pool = await open({ size: 1 });
  const { results } = await pool.runUnit({ kernel: 'noop/v1', start: 256n, unit_log2: 8 });
  expect(results).toEqual(noopResults(256n, [0, 1, 2, 3]));
  expect(pool.pids()).toEqual([]);
});

test('a process that is killed is replaced, and its request goes on where it broke off', async () => {
  const pool = await open({ size: 1 });
  const killed: number[] = [];
  const { results } = await pool.runUnit(unit, {
    on_progress: (done) => {
      if (done !== 10) return;
      killed.push(...pool.pids());
      for (const pid of killed) process.kill(pid, 'SIGKILL');
    },
  });
  expect(results).toEqual(expected);
  expect(killed.length).toBe(1);
  expect(pool.pids()).not.toEqual(killed);
});

test('a request whose process is killed twice fails with its code, and the next request works', async () => {
  const pool = await open({ size: 1 });
  const killAll = (): void => pool.pids().forEach((pid) => process.kill(pid, 'SIGKILL'));
  await expect(pool.runUnit(longUnit, { on_progress: killAll })).rejects.toMatchObject({ code: 'SANDBOX_CRASHED' });
  expect((await pool.runSubUnits(unit, [7])).results).toEqual([expected[7]]);
});

test('a process that is silent too long is killed, its request fails with its code', async () => {
  const pool = await open({ size: 1, silence_ms: 1 });
  const failed = ending(pool.runUnit(longUnit));
  const [pid = 0] = pool.pids();
  expect(await failed).toBe('SANDBOX_DEADLINE');
  await gone(pid);
});

test('an aborted request fails at once, running or waiting, and frees its process', async () => {
  const pool = await open({ size: 1 });
  const running = new AbortController();
  const waiting = new AbortController();
  const first = ending(pool.runUnit(longUnit, { signal: running.signal }));
  const second = ending(pool.runUnit(unit, { signal: waiting.signal }));
  waiting.abort();
  expect(await second).toBe('SANDBOX_ABORTED');
  running.abort();
  expect(await first).toBe('SANDBOX_ABORTED');
  await expect(pool.runUnit(unit, { signal: running.signal })).rejects.toMatchObject({ code: 'SANDBOX_ABORTED' });
  expect((await pool.runSubUnits(unit, [0])).results).toEqual([expected[0]]);
});

test('the queue is bounded, and closing fails all that wait or run and leaves no process', async () => {
  const pool = await open({ size: 1 });
  const requests = Array.from({ length: MAX_SANDBOX_QUEUE + 2 }, () => pool.runUnit(longUnit));
  const endings = Promise.all(requests.map(ending));
  const [pid = 0] = pool.pids();
  await pool.close();
  const closed = Array.from({ length: MAX_SANDBOX_QUEUE + 1 }, () => 'SANDBOX_CLOSED');
  expect(await endings).toEqual([...closed, 'SANDBOX_BUSY']);
  expect(isRunning(pid)).toBe(false);
  await expect(pool.runUnit(unit)).rejects.toMatchObject({ code: 'SANDBOX_CLOSED' });
});

test('a unit or an index that the kernel cannot take is refused before a process sees it', async () => {
  const pool = await open({ size: 1 });
  const invalid = { code: 'SANDBOX_UNIT_INVALID' };
  await expect(pool.runUnit({ ...unit, start: unit.start + 1n })).rejects.toMatchObject(invalid);
  await expect(pool.runUnit({ ...unit, unit_log2: 41 })).rejects.toMatchObject(invalid);
  await expect(pool.runSubUnits(unit, [256])).rejects.toMatchObject(invalid);
  await expect(pool.runSubUnits(unit, [])).rejects.toMatchObject(invalid);
  expect(pool.pids()).toEqual([]);
});

test('a module that is not the pinned one is not used', async () => {
  const other = { ...COLLATZ_V1, sha256: '0'.repeat(64) };
  await expect(loadKernelModule(other)).rejects.toMatchObject({ code: 'SANDBOX_KERNEL_MISMATCH' });
});

test('a sandbox process yields to the validators', async () => {
  const pool = await open({ size: 1 });
  await pool.runSubUnits(unit, [0]);
  expect(pool.pids().map((pid) => os.getPriority(pid))).toEqual([SANDBOX_NICENESS]);
});

test('with its flags a process reaches no file, network, process, thread or environment', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const probe = `
    const attempt = async (act) => { try { await act(); return 'allowed'; } catch (error) { return error.code; } };
    const { connect } = require('node:net');
    const dial = () => new Promise((resolve, reject) => connect(${port}, '127.0.0.1', resolve).on('error', reject));
    (async () => console.log(JSON.stringify({
      read: await attempt(() => require('node:fs').readFileSync('/etc/hostname')),
      list: await attempt(() => require('node:fs').readdirSync(${JSON.stringify(process.cwd())})),
      write: await attempt(() => require('node:fs').writeFileSync(${JSON.stringify(os.tmpdir())} + '/probe', '')),
      net: await attempt(dial),
      spawn: await attempt(() => require('node:child_process').execFileSync('true')),
      thread: await attempt(() => new (require('node:worker_threads').Worker)('', { eval: true })),
      environment: Object.keys(process.env).length,
    })))().then(() => process.exit(0));`;
  const { stdout } = await run(process.execPath, [...SANDBOX_FLAGS, '-e', probe], { env: {} });
  server.close();
  const denied = 'ERR_ACCESS_DENIED';
  const all = { read: denied, list: denied, write: denied, net: denied, spawn: denied, thread: denied, environment: 0 };
  expect(JSON.parse(stdout)).toEqual(all);
});

test('a process whose pool dies ends by itself', async () => {
  const pool = fileURLToPath(new URL('../../runtime/sandbox/pool.ts', import.meta.url));
  const script = `import { openSandboxPool } from ${JSON.stringify(pool)};
    const pool = await openSandboxPool({ size: 1 });
    const unit = { kernel: 'collatz/v1', start: 2n ** 71n, unit_log2: 40 };
    await pool.runUnit(unit, { on_progress: () => console.log(pool.pids().join()) });`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(parent.stdout, 'data');
  const pid = Number.parseInt(String(line), 10);
  expect(isRunning(pid)).toBe(true);
  parent.kill('SIGKILL');
  await gone(pid);
});

test('the speed of the kernel can be measured', async () => {
  const pool = await open({ size: 1 });
  expect(await kernelNumbersPerSecond(pool, 1)).toBeGreaterThan(0);
});

test('an audit goes before whole units that wait', async () => {
  const pool = await open({ size: 1 });
  const order: string[] = [];
  const note = (name: string) => () => void order.push(name);
  await Promise.all([
    pool.runUnit(unit).then(note('first unit')),
    pool.runUnit(unit).then(note('second unit')),
    pool.runSubUnits(unit, [3, 7]).then(note('audit')),
  ]);
  expect(order).toEqual(['first unit', 'audit', 'second unit']);
});
