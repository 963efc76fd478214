// The `keygen` port: what a validator owes a phase of a key generation, as transactions for its machine to submit.
import { z } from 'zod';
import { KEYGEN_PHASES } from '../settlement/state.ts';
import { KeygenCommit, KeygenComplain, KeygenDeal, KeygenJustify } from '../settlement/transaction.ts';
import { MAX_VALIDATORS } from '../wire/limits.ts';

export const KeygenRequest = z.strictObject({ epoch: z.int().min(1), phase: z.enum(KEYGEN_PHASES) });

/** A dealer is complained about by each receiver at most, and a receiver complains about each dealer. */
export const KeygenAnswer = z
  .array(z.discriminatedUnion('type', [KeygenCommit, KeygenDeal, KeygenComplain, KeygenJustify]))
  .max(MAX_VALIDATORS);
