// How fast a job moves: units computed over the last seconds of block time. Audits trail behind and settle in bursts.
import type { JobRow } from '#schemas/settlement/state.ts';

/** Units end in bursts, as workers of one machine do: shorter windows jump, longer ones lag. */
const WINDOW_MS = 20_000;
const MAX_SAMPLES = 256;

type Sample = { readonly time_ms: number; readonly computed_count: number };
export type Pace = { readonly numbers_per_second: number; readonly eta_s: number | null };

/** Numbers in `units` of the job's units. Exact to 2^53; a rate needs no more. */
const numbersIn = (job: JobRow, units: number): number => units * 2 ** job.unit_log2;

export class JobPace {
  #samples: Sample[] = [];

  /** So many of its units were revealed by this block time, settled ones included; fewer again where some are redone. */
  add(time_ms: number, computed_count: number): void {
    if (this.#samples.at(-1)?.computed_count === computed_count) return;
    this.#samples.push({ time_ms, computed_count });
    if (this.#samples.length > MAX_SAMPLES) this.#samples.shift();
  }

  at(now_ms: number, job: JobRow): Pace {
    if (job.finished_ms > 0) return { numbers_per_second: overall(job), eta_s: null };
    const since = this.#samples.findLast(({ time_ms }) => time_ms <= now_ms - WINDOW_MS) ?? this.#samples[0];
    const computed_count = this.#samples.at(-1)?.computed_count ?? 0;
    const done = computed_count - (since?.computed_count ?? 0);
    if (since === undefined || done <= 0) return { numbers_per_second: 0, eta_s: null };
    const span_ms = Math.max(1, now_ms - Math.max(since.time_ms, now_ms - WINDOW_MS));
    const per_second = (numbersIn(job, done) * 1_000) / span_ms;
    const left = numbersIn(job, job.units_count - computed_count - job.parked_count);
    return { numbers_per_second: Math.round(per_second), eta_s: left > 0 ? Math.ceil(left / per_second) : null };
  }
}

function overall(job: JobRow): number {
  const span_ms = Math.max(1, job.finished_ms - job.submitted_ms);
  return Math.round((numbersIn(job, job.settled_count) * 1_000) / span_ms);
}
