// The ledger's public shape: one deterministic state machine over final blocks; modules plug in their transaction types.
import type { LedgerEvent } from '#schemas/settlement/state.ts';
import type { Code } from '#schemas/wire/codes.ts';

/** A changed row: key as in schemas/settlement/state.ts, value as encoded bytes, or null when it was removed. */
export type RowChange = { readonly key: string; readonly value: Uint8Array | null };

/** What executing a block gives. The same block on the same state gives the same result, byte for byte, everywhere. */
export type BlockChanges = {
  readonly events: readonly LedgerEvent[];
  /** At a checkpoint every row that differs from the one before, else nothing: whoever stores them has whole checkpoints only. */
  readonly changes: readonly RowChange[];
  /** Per transaction: null = applied, or why it was refused. */
  readonly outcomes: readonly (Code | null)[];
};

/** The same from a ledger that keeps its tree. */
export type BlockResult = BlockChanges & {
  /** State root as of the last checkpoint, hex: what the next header carries. */
  readonly state_root: string;
};
