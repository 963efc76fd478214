// What a node shows is what it measures: every metric is set somewhere, and stands on the dashboard.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createMetrics, METRICS, type MetricName } from '#runtime/observe/metrics.ts';

const NAMES = Object.keys(METRICS) as MetricName[];
const TABLE = join('runtime', 'observe', 'metrics.ts');

const sources = ['runtime', 'machines'].flatMap((layer) =>
  readdirSync(layer, { recursive: true, encoding: 'utf8' })
    .map((file) => join(layer, file))
    .filter((file) => file.endsWith('.ts') && file !== TABLE),
);
const program = sources.map((file) => readFileSync(file, 'utf8')).join('\n');
const dashboard = JSON.parse(readFileSync('infra/grafana/sortition.json', 'utf8')) as {
  readonly panels: readonly { readonly id: number; readonly targets: readonly { readonly expr: string }[] }[];
};
const shown = dashboard.panels.flatMap(({ targets }) =>
  targets.flatMap(({ expr }) => expr.match(/sortition_[a-z_]+/g) ?? []),
);
/** A histogram is queried by its buckets. */
const withoutSuffix = (name: string): string => name.replace(/_(bucket|count|sum)$/, '');

test.each(NAMES)('%s is set by the program', (name) => {
  expect(program).toContain(`'${name}'`);
});

test('every metric is on the dashboard, and nothing else', () => {
  expect([...new Set(shown.map(withoutSuffix))].toSorted()).toEqual(NAMES.toSorted());
});

test('panels have ids of their own', () => {
  const ids = dashboard.panels.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});

test.each(NAMES)('%s is shown in the text format, with its help', async (name) => {
  const metrics = createMetrics();
  const { type, help } = METRICS[name];
  if (type === 'counter') metrics.add(name, 2, 'SOME_CODE');
  else metrics.set(name, 2);
  const text = await metrics.text();
  expect(text).toContain(`# HELP ${name} ${help}`);
  expect(text).toMatch(new RegExp(`^${name}(_sum)?(\\{[a-z]+="SOME_CODE"\\})? 2$`, 'm'));
});

test('the example for Prometheus scrapes the path that nodes serve', () => {
  expect(readFileSync('infra/prometheus/prometheus.yml', 'utf8')).toContain('metrics_path: /metrics');
});
