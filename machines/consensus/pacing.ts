// When a height begins: with work, but not sooner than the least interval; without, after the greatest.
// Until then no propose timeout runs: a leader with nothing to propose is not a dead leader.

/** What the driver is to do now. */
export type Pace = 'begin' | 'wait' | { readonly wait_until_ms: number };

/** Reasons to begin round 0 of one height, and its earliest time. A proposal or a third of the power voting begins it at once. */
export class Pacing {
  readonly #earliest_ms: number;
  readonly #latest_ms: number;
  #hasReason = false;

  /** @param started_ms when the height before was decided here */
  constructor(
    started_ms: number,
    interval: { readonly min_block_interval_ms: number; readonly max_block_interval_ms: number },
  ) {
    this.#earliest_ms = started_ms + interval.min_block_interval_ms;
    this.#latest_ms = started_ms + interval.max_block_interval_ms;
  }

  /** When the idle interval is over. */
  get latest_ms(): number {
    return this.#latest_ms;
  }

  get hasReason(): boolean {
    return this.#hasReason;
  }

  /** Work here, or a peer's vote in this height (then there is work somewhere). True if it is the first reason. */
  addReason(): boolean {
    const isFirst = !this.#hasReason;
    this.#hasReason = true;
    return isFirst;
  }

  at(now_ms: number): Pace {
    if (now_ms >= this.#latest_ms) return 'begin';
    if (!this.#hasReason) return 'wait';
    return now_ms >= this.#earliest_ms ? 'begin' : { wait_until_ms: this.#earliest_ms };
  }

  get summary(): readonly [number, number, boolean] {
    return [this.#earliest_ms, this.#latest_ms, this.#hasReason];
  }
}
