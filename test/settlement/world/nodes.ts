// The nodes of the test world: they hear events and answer as the work rules want, unless a test makes them lie or sleep.
import { present } from '#machines/primitives/assert.ts';
import type { BlockResult } from '#machines/settlement/types.ts';
import { commitment } from '#machines/work/commitment.ts';
import { openSubUnits, unitRoot } from '#machines/work/kernels/unit-tree.ts';
import { reportDigest } from '#machines/work/report-digest.ts';
import { noResults } from '#machines/work/worker-results.ts';
import type { Commit, Open, Report, Reveal, TxBody } from '#schemas/settlement/transaction.ts';
import { resultOf, sha256, VALIDATORS, WORKERS, World } from './chain.ts';

/** How a node differs from an honest one. */
export type Behaviour = {
  /** Results of this worker or auditor are changed in these sub-units. */
  readonly lies?: readonly number[];
  /** What it does not do. */
  readonly skips?: readonly ('commit' | 'reveal' | 'open' | 'report')[];
  /** Sub-units of what it computes; 4, as of the no-op kernel, unless said. */
  readonly sub_units?: number;
};

const NO_SALT = new Uint8Array(16);

export const resultsOf = (unit: string, { lies = [], sub_units = 4 }: Behaviour = {}): Uint8Array[] =>
  Array.from({ length: sub_units }, (_, index) => resultOf(unit, index, lies.includes(index) ? 'lie' : ''));

/** A body with these results alone. */
export const resultsBody = (some: Partial<Extract<TxBody, { type: 'results' }>>): TxBody => ({
  type: 'results',
  ...noResults(),
  ...some,
});

/** What a worker reveals for a unit. */
export const revealOf = (
  unit: string,
  attempt: number,
  behaviour: Behaviour = {},
  suspects: Uint8Array[] = [],
): Reveal => {
  const { root, output_hash, fuel, salt } = shownOf(unit, behaviour);
  return [unit, attempt, root, output_hash, fuel, salt, suspects];
};

function shownOf(unit: string, behaviour: Behaviour) {
  const results = resultsOf(unit, behaviour);
  return { root: unitRoot(results), output_hash: sha256(Buffer.concat(results)), fuel: 7, salt: NO_SALT };
}

export const commitOf = (worker: string, unit: string, attempt: number, behaviour: Behaviour = {}): Commit => [
  unit,
  attempt,
  commitment(worker, { unit, attempt, ...shownOf(unit, behaviour) }, sha256),
];

export const openOf = (unit: string, attempt: number, indices: readonly number[], behaviour: Behaviour = {}): Open => [
  unit,
  attempt,
  openSubUnits(resultsOf(unit, behaviour), indices),
];

/** What an auditor reports for these sub-units. */
export const reportOf = (
  auditor: string,
  unit: string,
  attempt: number,
  indices: readonly number[],
  behaviour: Behaviour = {},
): Report => {
  const all = resultsOf(unit, behaviour);
  const results = indices.map((index) => present(all[index], 'the unit has this sub-unit'));
  return [unit, attempt, reportDigest(auditor, { unit, attempt }, results, sha256)];
};

/** Let every node react to these events: their transactions are queued for the next. */
export function react(
  world: World,
  last: Pick<BlockResult, 'events'>,
  behaviours: ReadonlyMap<string, Behaviour> = new Map(),
): void {
  const of = (node: string): Behaviour => behaviours.get(node) ?? {};
  const does = (node: string, what: 'commit' | 'reveal' | 'open' | 'report') => of(node).skips?.includes(what) !== true;
  world.draw();
  for (const e of last.events) {
    if (e.type === 'unit.assigned' && does(e.worker, 'commit'))
      world.send(e.worker, resultsBody({ commits: [commitOf(e.worker, e.unit, e.attempt, of(e.worker))] }));
    if (e.type === 'unit.committed' && does(e.worker, 'reveal'))
      world.send(e.worker, resultsBody({ reveals: [revealOf(e.unit, e.attempt, of(e.worker))] }));
    if (e.type === 'audit.assigned') {
      const { unit, attempt, indices } = e;
      if (does(e.worker, 'open'))
        world.send(e.worker, resultsBody({ opens: [openOf(unit, attempt, indices, of(e.worker))] }));
      for (const auditor of e.auditors.filter((node) => does(node, 'report')))
        world.send(auditor, resultsBody({ reports: [reportOf(auditor, unit, attempt, indices, of(auditor))] }));
    }
    if (e.type === 'audit.disputed')
      for (const validator of VALIDATORS)
        world.send(validator, {
          type: 'adjudicate',
          unit: e.unit,
          attempt: e.attempt,
          index: e.index,
          result: resultOf(e.unit, e.index),
        });
  }
}

/** Run blocks with reacting nodes until `isDone` or `max` blocks; the last result. */
export function run(
  world: World,
  isDone: () => boolean,
  behaviours: ReadonlyMap<string, Behaviour> = new Map(),
  max = 400,
): BlockResult {
  let last = world.results.at(-1) ?? world.block();
  for (let i = 0; i < max && !isDone(); i++) {
    if (i % 20 === 0) world.heartbeats(WORKERS);
    react(world, last, behaviours);
    last = world.block();
  }
  return last;
}

/** A world with one unit under way, stopped before the nodes react to the event of this type. */
export function worldAt(
  type: 'unit.drawable' | 'unit.assigned' | 'unit.committed' | 'unit.revealed' | 'audit.assigned',
) {
  const world = new World();
  world.heartbeats();
  world.submitJob(1);
  let last = world.block();
  const seen = () => last.events.find((e) => e.type === type);
  for (let i = 0; i < 20 && seen() === undefined; i++) {
    react(world, last);
    last = world.block();
  }
  const [unit = ''] = world.events('unit.drawable').map((e) => e.unit);
  const row = world.ledger.unit(unit);
  if (row === undefined) throw new Error(`no unit at ${type}`);
  return { world, unit, row, last };
}
