// How many workers one broker carries: connections, memory, CPU and messages, on loopback, bounded. The numbers stand in ADR 0006.
//   node bench/broker-scale.bench.ts [--actors 10000] [--processes 4] [--seconds 20]
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Broker, startBroker } from '#runtime/broker/broker.ts';
import type { Bus } from '#runtime/bus/bus.ts';
import { connectBus } from '#runtime/bus/jetstream-bus.ts';
import { provisionStreams } from '#runtime/bus/provision.ts';
import { type Signer, signer } from '#runtime/keys/ed25519.ts';
import { subject } from '#schemas/wire/subjects.ts';
import type { Order, Report } from './broker-scale/actors.ts';

const CHILD = fileURLToPath(new URL('./broker-scale/actors.ts', import.meta.url));
const MAIL = 20_000;
const MAIL_IN_FLIGHT = 256;
const BLOCK = new Uint8Array(4_096);
/** Clock ticks a second in /proc (USER_HZ). */
const TICKS = 100;
const GIVE_UP_MS = 120_000;

const metrics: Record<string, { value: number; unit: string }> = {};
const note = (name: string, value: number, unit: string): void => {
  metrics[name] = { value: Math.round(value * 100) / 100, unit };
  process.stderr.write(`${name}: ${metrics[name].value} ${unit}\n`);
};

async function timed<T>(name: string, work: () => Promise<T>): Promise<T> {
  const from = performance.now();
  const result = await work();
  note(name, (performance.now() - from) / 1_000, 's');
  return result;
}

async function ask(child: ChildProcess, order: Order): Promise<Report> {
  child.send(order);
  const [report] = (await once(child, 'message')) as [Report];
  return report;
}

async function memoryMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024;
}

/** CPU seconds that the process has used. */
async function cpuSeconds(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** Sums of what the children counted since the last call. */
async function count(children: readonly ChildProcess[]): Promise<{ blocks: number; mail: number; reconnects: number }> {
  const sums = { blocks: 0, mail: 0, reconnects: 0 };
  for (const child of children) {
    const { blocks = 0, mail = 0, reconnects = 0 } = await ask(child, { type: 'count' });
    sums.blocks += blocks;
    sums.mail += mail;
    sums.reconnects += reconnects;
  }
  return sums;
}

async function until(children: readonly ChildProcess[], what: 'mail' | 'reconnects', goal: number): Promise<void> {
  const deadline_ms = performance.now() + GIVE_UP_MS;
  for (let sum = 0; sum < goal; sum += (await count(children))[what]) {
    if (performance.now() > deadline_ms) throw new Error(`${what}: ${sum} of ${goal}`);
    await delay(20);
  }
}

/** A block a second to everybody, while the workers' heartbeats go on. */
async function steady(
  broker: Broker,
  validator: Bus,
  id: string,
  children: readonly ChildProcess[],
  seconds: number,
): Promise<void> {
  let heartbeats = 0;
  validator.subscribe(subject.heartbeatAll, () => heartbeats++);
  await count(children);
  const before = await cpuSeconds(broker.pid);
  for (let i = 0; i < seconds; i++) {
    validator.cast(subject.block(id), BLOCK);
    await delay(1_000);
  }
  const { blocks } = await count(children);
  note('steady_broker_cpu_percent', (100 * ((await cpuSeconds(broker.pid)) - before)) / seconds, '%');
  note('steady_heartbeats_per_second', heartbeats / seconds, '1/s');
  note('steady_blocks_delivered_per_second', blocks / seconds, '1/s');
}

/** Durable messages from one sender to all, as fast as their acknowledgements come. */
async function mailAll(from: Bus, self: string, ids: readonly string[], total: number): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let i = next++; i < total; i = next++)
      await from.publish(subject.mailbox(ids[i % ids.length] ?? '', self), new Uint8Array(300));
  };
  await Promise.all(Array.from({ length: MAIL_IN_FLIGHT }, lane));
}

async function main(actors: number, processes: number, seconds: number): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'sortition-scale-'));
  const children = Array.from({ length: processes }, () => fork(CHILD));
  const [validator, provisioner]: Signer[] = [signer(randomBytes(32)), signer(randomBytes(32))];
  if (!validator || !provisioner) return;
  const onRefused = (error: Error): never => {
    throw error;
  };
  const reports = await Promise.all(
    children.map((child) => ask(child, { type: 'keys', count: Math.ceil(actors / processes) })),
  );
  const ids = reports.flatMap((report) => report.ids ?? []);
  const users = [
    { id: validator.id, kind: 'validator' as const },
    ...ids.map((id) => ({ id, kind: 'worker' as const })),
  ];
  const broker = await timed('broker_start_s', () => startBroker({ dir, users, provisioner: provisioner.id }));
  const streams = await provisionStreams({ url: broker.url, signer: provisioner, onRefused });
  const bus = await connectBus({ url: broker.url, signer: validator, onRefused });
  try {
    const idle_mb = await memoryMb(broker.pid);
    note('broker_idle_mb', idle_mb, 'MB');
    await timed('connect_all_s', () =>
      Promise.all(children.map((child) => ask(child, { type: 'connect', url: broker.url }))),
    );
    const connected_mb = await memoryMb(broker.pid);
    note('broker_connected_mb', connected_mb, 'MB');
    note('broker_kib_per_actor', ((connected_mb - idle_mb) * 1_024) / ids.length, 'KiB');
    const processes_mb = await Promise.all(children.map((child) => memoryMb(child.pid ?? 0)));
    note('client_kib_per_actor', (processes_mb.reduce((sum, mb) => sum + mb, 0) * 1_024) / ids.length, 'KiB');
    await steady(broker, bus, validator.id, children, seconds);
    note('broker_steady_mb', await memoryMb(broker.pid), 'MB');
    const from = performance.now();
    const arrived = until(children, 'mail', MAIL);
    await mailAll(bus, validator.id, ids, MAIL);
    note('mail_confirmed_per_second', (MAIL * 1_000) / (performance.now() - from), '1/s');
    await arrived;
    note('mail_delivered_per_second', (MAIL * 1_000) / (performance.now() - from), '1/s');
    await timed('reload_10_more_s', () => broker.reload([...users, ...newUsers(10)]));
    await count(children);
    await broker.kill('SIGKILL');
    await timed('restart_s', () => broker.restart());
    await timed('all_back_s', () => until(children, 'reconnects', ids.length));
    note('broker_after_restart_mb', await memoryMb(broker.pid), 'MB');
  } finally {
    for (const child of children) child.kill();
    await Promise.all([bus.close(), streams.close()]);
    await broker.stop();
    await rm(dir, { recursive: true, force: true });
  }
  process.stdout.write(
    `${JSON.stringify({ bench: 'broker-scale', load_average: loadavg()[0], actors: ids.length, metrics })}\n`,
  );
}

const newUsers = (n: number) =>
  Array.from({ length: n }, () => ({ id: signer(randomBytes(32)).id, kind: 'worker' as const }));

const { values } = parseArgs({
  options: {
    actors: { type: 'string', default: '10000' },
    processes: { type: 'string', default: '4' },
    seconds: { type: 'string', default: '20' },
  },
});
await main(Number(values.actors), Number(values.processes), Number(values.seconds));
