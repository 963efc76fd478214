// The metrics of a node: names, help and bounded labels in one table, collected by prom-client.
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** Every metric that a node may show: `docs/reference/metrics.md` and the dashboard test are made from it. */
export const METRICS = {
  sortition_consensus_height: { type: 'gauge', help: 'Height of the last final block.', labels: [] },
  sortition_consensus_round: {
    type: 'gauge',
    help: 'Round of the last final block; above 0 after a view change.',
    labels: [],
  },
  sortition_consensus_finality_seconds: {
    type: 'histogram',
    help: 'From block time to final here.',
    labels: [],
  },
  sortition_consensus_turn_seconds: {
    type: 'histogram',
    help: 'One turn of the validator: inputs, core, write, publish.',
    labels: [],
  },
  sortition_consensus_evidence_total: {
    type: 'counter',
    help: 'Pairs of conflicting signed statements seen.',
    labels: [],
  },
  sortition_ledger_transactions_total: {
    type: 'counter',
    help: 'Transactions executed, by outcome code (OK or a refusal).',
    labels: ['code'],
  },
  sortition_ledger_mempool_transactions: { type: 'gauge', help: 'Transactions waiting for a block.', labels: [] },
  sortition_host_events_total: { type: 'counter', help: 'Events applied to actors.', labels: ['kind'] },
  sortition_host_turn_seconds: { type: 'histogram', help: 'One turn of the actor host.', labels: [] },
  sortition_host_refusals_total: { type: 'counter', help: 'Inputs refused, by code.', labels: ['code'] },
  sortition_host_outbox_rows: {
    type: 'gauge',
    help: 'Messages and transactions not yet confirmed by their receiver.',
    labels: [],
  },
  sortition_host_mailbox_messages: { type: 'gauge', help: 'Inputs waiting for a turn.', labels: [] },
  sortition_host_quarantine_messages: {
    type: 'gauge',
    help: 'Messages set aside because an actor could not process them.',
    labels: [],
  },
  sortition_host_resident_actors: {
    type: 'gauge',
    help: 'Actors in memory; the others are thawed when something comes.',
    labels: [],
  },
  sortition_sandbox_runs_total: { type: 'counter', help: 'Sandbox requests, by outcome.', labels: ['outcome'] },
  sortition_archive_settlements_total: { type: 'counter', help: 'Settlements archived here.', labels: [] },
} as const satisfies Record<
  string,
  { type: 'counter' | 'gauge' | 'histogram'; help: string; labels: readonly string[] }
>;
export type MetricName = keyof typeof METRICS;

export type Metrics = {
  /** Count `n` more; `label` is the value of the metric's one label, where it has one. */
  add(name: MetricName, n: number, label?: string): void;
  /** Set a gauge, or observe a duration in seconds. */
  set(name: MetricName, value: number): void;
  /** Text exposition format. */
  text(): Promise<string>;
};

export function createMetrics(): Metrics {
  const registry = new Registry();
  const made = new Map<string, Counter | Gauge | Histogram>();
  for (const [name, { type, help, labels }] of Object.entries(METRICS)) {
    const common = { name, help, labelNames: [...labels], registers: [registry] };
    const metric =
      type === 'counter'
        ? new Counter(common)
        : type === 'gauge'
          ? new Gauge(common)
          : new Histogram({ ...common, buckets: SECONDS });
    made.set(name, metric);
  }
  return {
    add(name, n, label) {
      const metric = made.get(name) as Counter;
      const [labelName] = METRICS[name].labels as readonly string[];
      if (labelName === undefined) metric.inc(n);
      else metric.inc({ [labelName]: label ?? 'none' }, n);
    },
    set(name, value) {
      const metric = made.get(name);
      if (metric instanceof Histogram) metric.observe(value);
      else (metric as Gauge).set(value);
    },
    text: () => registry.metrics(),
  };
}
