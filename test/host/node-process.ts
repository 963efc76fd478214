// A node in a process of its own, for tests that kill it: hosts probes over RocksDB and a real broker, answers its parent.
import { createHash } from 'node:crypto';
import { connectBus } from '#runtime/bus/jetstream-bus.ts';
import { createHost } from '#runtime/host/host.ts';
import { signer } from '#runtime/keys/ed25519.ts';
import { createLog } from '#runtime/observe/log.ts';
import { createMetrics } from '#runtime/observe/metrics.ts';
import { openRocksStore } from '#runtime/store/rocks-store.ts';
import { ProbeContext, probe } from './probe.ts';

/** What the parent gives as its only argument, in JSON. */
export type NodeArguments = {
  readonly url: string;
  readonly dir: string;
  readonly chain: string;
  readonly names: readonly string[];
};
/** The node's answer to any message of its parent. */
export type NodeReport = { readonly received_count: number; readonly balance: number };

const { url, dir, chain, names } = JSON.parse(process.argv[2] ?? '') as NodeArguments;
const keys = names.map((name) => signer(createHash('sha256').update(name).digest()));
const onRefused = (error: Error): never => {
  throw error;
};

const host = createHost({
  store: await openRocksStore(dir),
  clock: {
    now_ms: Date.now,
    setTimer: (delay_ms, fire) => {
      const timer = setTimeout(fire, delay_ms);
      return () => clearTimeout(timer);
    },
  },
  chain,
  actors: await Promise.all(
    keys.map(async (key) => ({ definition: probe, ...key, bus: await connectBus({ url, signer: key, onRefused }) })),
  ),
  ports: { echo: async () => null },
  ledger: { height: () => 0, nextNonce: () => 0, feeUnits: () => 0n },
  log: createLog(names.join(), 'warn'),
  metrics: createMetrics(),
  onFailure: (error) => {
    throw error;
  },
});

async function report(): Promise<NodeReport> {
  const inspections = await Promise.all(keys.map((key) => host.inspect(key.id)));
  const all = inspections.map(({ context }) => ProbeContext.parse(context).d);
  const sum = (of: (d: (typeof all)[number]) => number) => all.reduce((total, d) => total + of(d), 0);
  return { received_count: sum((d) => d.received_count), balance: sum((d) => d.balance) };
}

process.on('message', () => void report().then((answer) => process.send?.(answer)));
process.on('disconnect', () => process.exit());
await host.start();
process.send?.('ready');
