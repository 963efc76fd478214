// A row of the table of refusals: one bad input, how it comes in, and the code under which an operator finds it counted.
import type { Code } from '#schemas/wire/codes.ts';
import type { Place, RefusalWorld } from './refusal-world.ts';

export type Row = {
  /** What is bad. */
  readonly name: string;
  /** How it comes in. */
  readonly way: string;
  readonly code: Code;
  /** Who counts it. */
  readonly place: Place;
  /** Send it. The answer: what the sender is told, where he is told anything. */
  readonly send: (world: RefusalWorld) => Promise<Code | null | undefined | void>;
};

type Sent = Row['send'];

/** Rows of one way in and one place. */
export const rows = (
  way: string,
  place: Place,
  cases: readonly (readonly [name: string, code: Code, send: Sent])[],
): readonly Row[] => cases.map(([name, code, send]) => ({ name, way, code, place, send }));
