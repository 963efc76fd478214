// An order-dependent hash over everything that happens in a schedule: two runs are the same exactly when it is.

/** Two lanes of 32 bits; whole-number arithmetic only, so every engine gets the same. */
export type Trace = {
  /** Take in a number (its low 32 bits). */
  add(value: number): void;
  /** Take in a text, character by character. */
  text(value: string): void;
  /** 16 hex digits over all that was taken in, in that order. */
  digest(): string;
};

/** A trace of nothing. */
export function createTrace(): Trace {
  let a = 0x6a09e667 | 0;
  let b = 0xbb67ae85 | 0;
  const add = (value: number): void => {
    a = Math.imul(a ^ value, 0x01000193) + (b >>> 7);
    b = Math.imul(b + value, 0x85ebca6b) ^ (a >>> 13);
  };
  return {
    add,
    text(value) {
      for (let i = 0; i < value.length; i++) add(value.charCodeAt(i));
    },
    digest: () => [a, b].map((lane) => (lane >>> 0).toString(16).padStart(8, '0')).join(''),
  };
}
