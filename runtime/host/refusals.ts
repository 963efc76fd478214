// What was refused, by peer and code: bounded, since peers choose their own ids.
import type { Metrics } from '#runtime/observe/metrics.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { MAX_REFUSAL_PEERS } from '#schemas/wire/limits.ts';

/** Stands for all peers beyond the bound. */
const OTHERS = 'others';

export class Refusals {
  readonly #byPeer = new Map<string, Map<Code, number>>();
  readonly #metrics: Metrics;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  count(peer: string, code: Code): void {
    const key = this.#byPeer.has(peer) || this.#byPeer.size < MAX_REFUSAL_PEERS ? peer : OTHERS;
    let byCode = this.#byPeer.get(key);
    if (byCode === undefined) this.#byPeer.set(key, (byCode = new Map()));
    byCode.set(code, (byCode.get(code) ?? 0) + 1);
    this.#metrics.add('sortition_host_refusals_total', 1, code);
  }

  list(): readonly { readonly peer: string; readonly code: string; readonly count: number }[] {
    return [...this.#byPeer].flatMap(([peer, byCode]) => [...byCode].map(([code, count]) => ({ peer, code, count })));
  }
}
