// Whether what clients saw of one register can be put in an order that a single copy would have shown: Wing & Gong 1993, with Lowe's memory.

/** An account as a register: clients add to it and read it. */
export type Operation = {
  /** Who did it: each does one thing after the other. */
  readonly client: string;
  readonly type: 'add' | 'read';
  /** What was added, or what was read. */
  readonly value: bigint;
  /** When it was asked for, and when the answer was there, ms; Infinity where nobody knows whether it happened. */
  readonly begin_ms: number;
  readonly end_ms: number;
};

/**
 * An order in which each operation takes effect at one moment between its begin and its end, and each read sees exactly what was
 * added before; undefined where there is none. What never ended may have happened at any time since, or not at all.
 */
export function linearize(history: readonly Operation[], start = 0n): readonly Operation[] | undefined {
  const operations = history.toSorted((a, b) => a.begin_ms - b.begin_ms);
  const certain = operations.filter((one) => Number.isFinite(one.end_ms)).length;
  const taken = operations.map(() => false);
  const order: Operation[] = [];
  // What is left to try depends on what was taken alone: the sum follows from it.
  const dead = new Set<string>();

  function search(value: bigint, done: number): boolean {
    if (done === certain) return true;
    const state = taken.map((is) => (is ? '1' : '0')).join('');
    if (dead.has(state)) return false;
    // Nothing that began after another had ended can come before it.
    const first_end_ms = Math.min(...operations.filter((_, i) => !taken[i]).map(({ end_ms }) => end_ms));
    for (const [i, operation] of operations.entries()) {
      if (operation.begin_ms > first_end_ms) break;
      if (taken[i] === true || !fits(operation, value)) continue;
      taken[i] = true;
      order.push(operation);
      if (search(after(operation, value), done + (Number.isFinite(operation.end_ms) ? 1 : 0))) return true;
      taken[i] = false;
      order.pop();
    }
    dead.add(state);
    return false;
  }
  return search(start, 0) ? order : undefined;
}

const fits = ({ type, value }: Operation, now: bigint): boolean => type === 'add' || value === now;
const after = ({ type, value }: Operation, now: bigint): bigint => (type === 'add' ? now + value : now);
