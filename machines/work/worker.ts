// What a worker does with each event: compute what was drawn for it, commit, reveal, open, report. Pure; effects are data.
import type { Effect, HostEvent } from '#schemas/node/host.ts';
import type { LedgerEvent } from '#schemas/settlement/state.ts';
import type { WorkerData } from '#schemas/snapshots/worker-v1.ts';
import { MAX_BATCH_ITEMS } from '#schemas/wire/limits.ts';
import { OpenAnswer, RecomputeAnswer, RunAnswer } from '#schemas/work/sandbox.ts';
import { chunks } from '../primitives/chunks.ts';

/** Results that are ready within this time share a transaction, ms: one signature for many units. */
const FLUSH_AFTER_MS = 5;
/** Openings and reports are larger than commits; this many stay well below MAX_TX_BYTES. */
const MAX_RESULTS_PER_TX = 64;

export type Step = { readonly d: WorkerData; readonly effects: readonly Effect[] };
type Queue = 'commits' | 'reveals' | 'opens' | 'reports';

/** A worker with nothing drawn for it. */
export const newWorker = (id: string): WorkerData => ({
  id,
  attempts: {},
  commits: [],
  reveals: [],
  opens: [],
  reports: [],
  flush_at_ms: 0,
});

/** Apply one event. Unknown units are ignored: the ledger, not the worker, keeps the truth. */
export function workerStep(d: WorkerData, event: HostEvent): Step {
  const draft = new Draft(d, 'now_ms' in event ? event.now_ms : 0);
  if (event.type === 'ledger.block') for (const e of event.events) onLedger(draft, e);
  else if (event.type === 'io.done') onAnswer(draft, event.key, event.answer);
  else if (event.type === 'timer.fired' && event.id === 'flush') flush(draft);
  // Not computed in time: the deadline passes and the unit is drawn again for somebody else.
  else if (event.type === 'io.failed') draft.effects.push(warn(event.key, event.code));
  return draft;
}

/** The next state while one event is applied: the same object until something changes; of that, each part is copied once. */
class Draft implements Step {
  d: WorkerData;
  readonly effects: Effect[] = [];
  readonly #before: WorkerData;
  readonly #now_ms: number;

  constructor(d: WorkerData, now_ms: number) {
    this.d = d;
    this.#before = d;
    this.#now_ms = now_ms;
  }

  /** Put fields into the next state. */
  set(fields: Partial<WorkerData>): void {
    this.d = { ...this.d, ...fields };
  }

  /** The open attempts, to be written to. */
  attempts(): WorkerData['attempts'] {
    if (this.d.attempts === this.#before.attempts) this.set({ attempts: { ...this.d.attempts } });
    return this.d.attempts;
  }

  io(action: string, unit: string, attempt: number, request: unknown): void {
    this.effects.push({ type: 'io', port: 'sandbox', key: `${action}:${key(unit, attempt)}`, request });
  }

  /** Put an item into a queue and arm the flush timer if it is not. */
  queue<Q extends Queue>(name: Q, item: WorkerData[Q][number]): void {
    if (this.d[name] === this.#before[name]) this.set({ [name]: [...this.d[name]] });
    (this.d[name] as WorkerData[Q][number][]).push(item);
    if (this.d.flush_at_ms !== 0) return;
    const flush_at_ms = this.#now_ms + FLUSH_AFTER_MS;
    this.set({ flush_at_ms });
    this.effects.push({ type: 'timer.set', id: 'flush', at_ms: flush_at_ms });
  }
}

function onLedger(draft: Draft, e: LedgerEvent): void {
  const { d } = draft;
  if (e.type === 'unit.assigned' && e.worker === d.id) {
    const { unit, attempt, kernel, start, unit_log2 } = e;
    draft.attempts()[key(unit, attempt)] = { unit, attempt, phase: 'computing', outcome: null };
    draft.io('run', unit, attempt, { action: 'run', unit, attempt, kernel, start, unit_log2 });
  } else if (e.type === 'unit.committed' && e.worker === d.id) {
    reveal(draft, e.unit, e.attempt);
  } else if (e.type === 'audit.assigned') {
    const { unit, attempt, kernel, start, unit_log2 } = e;
    const work = { unit, attempt, kernel, start, unit_log2, indices: [...e.indices] };
    if (e.worker === d.id) draft.io('open', unit, attempt, { action: 'open', ...work });
    else if (e.auditors.includes(d.id)) draft.io('audit', unit, attempt, { action: 'recompute', ...work });
  } else if ((e.type === 'unit.settled' || e.type === 'unit.requeued') && e.worker === d.id) {
    if (d.attempts[key(e.unit, e.attempt)] === undefined) return;
    delete draft.attempts()[key(e.unit, e.attempt)];
  }
}

function onAnswer(draft: Draft, ioKey: string, answer: unknown): void {
  const [action = '', unit = '', attemptText = ''] = ioKey.split(/[:#]/);
  const attempt = Number(attemptText);
  const open = draft.d.attempts[key(unit, attempt)];
  if (action === 'run' && open?.phase === 'computing') {
    const outcome = RunAnswer.parse(answer);
    draft.attempts()[key(unit, attempt)] = { ...open, phase: 'committing', outcome };
    draft.queue('commits', { unit, attempt, commitment: outcome.commitment });
  }
  if (action === 'open') draft.queue('opens', { unit, attempt, openings: OpenAnswer.parse(answer).openings });
  if (action === 'audit') draft.queue('reports', { unit, attempt, results: RecomputeAnswer.parse(answer).results });
}

/** The commit is final, so nobody can copy the result any more: show it. */
function reveal(draft: Draft, unit: string, attempt: number): void {
  const open = draft.d.attempts[key(unit, attempt)];
  if (open?.phase !== 'committing' || open.outcome === null) return;
  const { root, output_hash, fuel, salt, suspects } = open.outcome;
  // What is shown need not be kept: a snapshot of hundreds of attempts is written many times a second.
  draft.attempts()[key(unit, attempt)] = { ...open, phase: 'revealed', outcome: null };
  draft.queue('reveals', { unit, attempt, root, output_hash, fuel, salt, suspects });
}

function flush(draft: Draft): void {
  const { d, effects } = draft;
  if (d.flush_at_ms === 0) return;
  for (const commits of chunks(d.commits, MAX_BATCH_ITEMS))
    effects.push({ type: 'submit', body: { type: 'commit', commits } });
  for (const reveals of chunks(d.reveals, MAX_BATCH_ITEMS))
    effects.push({ type: 'submit', body: { type: 'reveal', reveals } });
  for (const opens of chunks(d.opens, MAX_RESULTS_PER_TX))
    effects.push({ type: 'submit', body: { type: 'audit.open', opens } });
  for (const reports of chunks(d.reports, MAX_RESULTS_PER_TX))
    effects.push({ type: 'submit', body: { type: 'audit.report', reports } });
  draft.set({ commits: [], reveals: [], opens: [], reports: [], flush_at_ms: 0 });
}

const key = (unit: string, attempt: number): string => `${unit}#${attempt}`;
const warn = (ioKey: string, code: string): Effect => ({
  type: 'log',
  level: 'warn',
  message: 'sandbox failed',
  data: { key: ioKey, code },
});
