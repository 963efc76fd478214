// docs/reference/metrics.md: what a node counts and measures.
import { METRICS } from '#runtime/observe/metrics.ts';
import { code, page, table } from './markdown.ts';

/** One row a metric, as the metrics table has them. */
export function metrics(): string {
  const rows = Object.entries(METRICS).map(([name, { type, labels, help }]) => [
    code(name),
    type,
    labels.map(code).join(', '),
    help,
  ]);
  return page(
    'Metrics',
    'Each node serves these at `/metrics` in the Prometheus text format. Durations are seconds, sizes bytes, and labels are bounded.',
    '`runtime/observe/metrics.ts`',
    table(['metric', 'type', 'labels', 'meaning'], rows),
  );
}
