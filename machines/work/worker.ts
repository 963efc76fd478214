// What a worker does with each event: compute what was drawn for it, commit, reveal, open, report. Pure; effects are data.
import type { Effect, HostEvent } from '#schemas/node/host.ts';
import type { Place } from '#schemas/settlement/batch-shape.ts';
import type { LedgerEvent } from '#schemas/settlement/state.ts';
import type { Attempt, WorkerData } from '#schemas/snapshots/worker-v1.ts';
import type { Work, WorkAnswer } from '#schemas/work/sandbox.ts';
import { isKernel } from './kernels/kernel.ts';
import { noResults, resultsBodies } from './worker-results.ts';
import { answersIn, calls } from './worker-sandbox.ts';

export type Step = { readonly d: WorkerData; readonly effects: readonly Effect[] };

/** A worker with nothing drawn for it. */
export const newWorker = (id: string): WorkerData => ({ id, attempts: [] });

/** Apply one event. Unknown units are ignored: the ledger, not the worker, keeps the truth. */
export function workerStep(d: WorkerData, event: HostEvent): Step {
  const draft = new Draft(d);
  if (event.type === 'ledger.block') {
    for (const e of event.events) onLedger(draft, e);
    draft.effects.push(...calls(event.height, draft.works));
  }
  if (event.type === 'io.done') for (const answer of answersIn(event.answer)) onAnswer(draft, answer);
  // Not computed in time: the deadline passes and the unit is drawn again for somebody else.
  if (event.type === 'io.failed') draft.effects.push(warn(event.key, event.code));
  for (const body of resultsBodies(draft.results)) draft.effects.push({ type: 'submit', body });
  return draft;
}

/** The next state while one event is applied: the same object until something changes; of that, each part is copied once. */
class Draft implements Step {
  d: WorkerData;
  readonly effects: Effect[] = [];
  /** What to ask the sandbox, and what to tell the ledger. */
  readonly works: Work[] = [];
  readonly results = noResults();
  readonly #before: WorkerData;

  constructor(d: WorkerData) {
    this.d = d;
    this.#before = d;
  }

  /** An open attempt. */
  find(unit: string, attempt: number): Attempt | undefined {
    return this.d.attempts.find((known) => known[0] === unit && known[1] === attempt);
  }

  /** Put `after` in the place of `before`: none of either adds or forgets. */
  replace(before: Attempt | undefined, ...after: readonly Attempt[]): void {
    if (before === undefined && after.length === 0) return;
    if (this.d.attempts === this.#before.attempts) this.d = { ...this.d, attempts: [...this.d.attempts] };
    const { attempts } = this.d;
    if (before === undefined) attempts.push(...after);
    else attempts.splice(attempts.indexOf(before), 1, ...after);
  }
}

function onLedger(draft: Draft, e: LedgerEvent): void {
  const { id } = draft.d;
  if (e.type === 'audit.assigned' && isKernel(e.kernel)) {
    const { unit, attempt, kernel, start, unit_log2 } = e;
    const work = { unit, attempt, kernel, start, unit_log2, indices: [...e.indices] };
    if (e.worker === id) draft.works.push({ action: 'open', ...work });
    else if (e.auditors.includes(id)) draft.works.push({ action: 'report', ...work });
  } else if (e.type === 'unit.assigned' && e.worker === id && isKernel(e.kernel)) {
    const { unit, attempt, kernel, start, unit_log2 } = e;
    draft.replace(draft.find(unit, attempt), [unit, attempt]);
    draft.works.push({ action: 'run', unit, attempt, kernel, start, unit_log2 });
  } else if (e.type === 'unit.committed' && e.worker === id) {
    // The commit is final, so nobody can copy the result any more: show it. What is shown need not be kept.
    const shown = draft.find(e.unit, e.attempt);
    if (shown === undefined || isComputing(shown)) return;
    draft.results.reveals.push(shown);
    draft.replace(shown);
  } else if (e.type === 'unit.requeued' && e.worker === id) {
    draft.replace(draft.find(e.unit, e.attempt));
  }
}

function onAnswer(draft: Draft, answer: WorkAnswer): void {
  const { unit, attempt } = answer;
  if (answer.action === 'run') {
    const open = draft.find(unit, attempt);
    if (open === undefined || !isComputing(open)) return;
    const { commitment, root, output_hash, fuel, salt, suspects } = answer;
    draft.replace(open, [unit, attempt, root, output_hash, fuel, salt, suspects]);
    draft.results.commits.push([unit, attempt, commitment]);
  }
  if (answer.action === 'open') draft.results.opens.push([unit, attempt, answer.openings]);
  if (answer.action === 'report') draft.results.reports.push([unit, attempt, answer.digest]);
  if (answer.action === 'failed') draft.effects.push(warn(`${unit}#${attempt}`, answer.code));
}

const isComputing = (attempt: Attempt): attempt is Place => attempt.length === 2;
const warn = (ioKey: string, code: string): Effect => ({
  type: 'log',
  level: 'warn',
  message: 'sandbox failed',
  data: { key: ioKey, code },
});
