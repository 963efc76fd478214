// Traces of the model that are kept, and the planted bugs that they tell from the production core.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CoreParts } from '#machines/consensus/core-state.ts';
import { MUTATIONS } from '#runtime/sim/mutations.ts';
import { Trace } from './trace.ts';

export const GOLDEN = join(import.meta.dirname, '../golden/model');

/** Bugs that are other parts of the core. */
export const BUGS: Readonly<Record<string, CoreParts>> = {
  no_lock: MUTATIONS.no_lock.parts,
  unlock_on_nil: MUTATIONS.unlock_on_nil.parts,
  quorum_one_short: MUTATIONS.quorum_one_short.parts,
};

export const goldenTraces = (): { readonly name: string; readonly trace: Trace }[] =>
  readdirSync(GOLDEN).map((name) => {
    const trace = Trace.parse(JSON.parse(readFileSync(join(GOLDEN, name), 'utf8')));
    return { name, trace };
  });
