// The virtual clock: a binary heap of events by (time, order of insertion), so equal times never depend on the heap's shape.

/** The virtual clocks start here, ms since the Unix epoch. */
export const EPOCH_MS = 1_700_000_000_000;

/** Events wait here until their time comes. Times are whole virtual milliseconds. */
export type EventQueue<T> = {
  push(at_ms: number, event: T): void;
  /** The earliest event, and the clock moves to its time; undefined when nothing is left. */
  pop(): T | undefined;
  /** Time of the event popped last. */
  readonly now_ms: number;
  readonly size: number;
};

/** Orders of insertion fit below this, so time and order make one exact key: 2^20 events × 2^33 ms. */
const ORDERS = 2 ** 20;

/** An empty queue at time 0. */
export function createEventQueue<T>(): EventQueue<T> {
  const keys: number[] = [];
  const events: T[] = [];
  let pushed = 0;
  let now_ms = 0;
  return {
    get now_ms() {
      return now_ms;
    },
    get size() {
      return keys.length;
    },
    push(at_ms, event) {
      if (pushed === ORDERS) throw new RangeError(`a schedule may hold ${ORDERS} events`);
      keys.push(0);
      events.push(event);
      siftUp(keys, events, at_ms * ORDERS + pushed++, event);
    },
    pop() {
      const key = keys[0];
      if (key === undefined) return undefined;
      const first = events[0];
      const lastKey = keys.pop() as number;
      const last = events.pop() as T;
      if (keys.length > 0) siftDown(keys, events, lastKey, last);
      now_ms = Math.floor(key / ORDERS);
      return first;
    },
  };
}

function siftUp<T>(keys: number[], events: T[], key: number, event: T): void {
  let at = keys.length - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if ((keys[parent] as number) <= key) break;
    keys[at] = keys[parent] as number;
    events[at] = events[parent] as T;
    at = parent;
  }
  keys[at] = key;
  events[at] = event;
}

function siftDown<T>(keys: number[], events: T[], key: number, event: T): void {
  const size = keys.length;
  let at = 0;
  for (let child = 1; child < size; child = 2 * at + 1) {
    if (child + 1 < size && (keys[child + 1] as number) < (keys[child] as number)) child++;
    if ((keys[child] as number) >= key) break;
    keys[at] = keys[child] as number;
    events[at] = events[child] as T;
    at = child;
  }
  keys[at] = key;
  events[at] = event;
}
