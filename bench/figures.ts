// How benches state figures: a value with its unit, medians and quantiles of samples.

export type Figure = { readonly value: number; readonly unit: string };
export type Metrics = Record<string, Figure>;

/** Sample at quantile `q` (0 … 1); NaN without samples. */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

export const median = (samples: readonly number[]): number => quantile(samples, 0.5);

/** @param ms milliseconds */
export const seconds = (ms: number): Figure => ({ value: Math.round(ms / 10) / 100, unit: 's' });
/** @param ms milliseconds */
export const milliseconds = (ms: number): Figure => ({ value: Math.round(ms * 10) / 10, unit: 'ms' });
export const perSecond = (value: number, what: string): Figure => ({ value: Math.round(value), unit: `${what}/s` });
