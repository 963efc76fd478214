// What a worker does with each event: compute what was drawn for it, commit, reveal, open, report. Pure; effects are data.
import type { Effect, HostEvent } from '#schemas/node/host.ts';
import type { WorkerData } from '#schemas/snapshots/worker-v1.ts';
import type { LedgerEvent } from '#schemas/settlement/state.ts';
import { MAX_BATCH_ITEMS } from '#schemas/wire/limits.ts';
import { chunks } from '../primitives/chunks.ts';
import { OpenAnswer, RecomputeAnswer, RunAnswer } from '#schemas/work/sandbox.ts';

/** Results that are ready within this time share a transaction, ms: one signature for many units. */
export const FLUSH_AFTER_MS = 5;
/** Openings and reports are larger than commits; this many stay well below MAX_TX_BYTES. */
const MAX_RESULTS_PER_TX = 64;

export type Step = { readonly d: WorkerData; readonly effects: readonly Effect[] };
type Queue = 'commits' | 'reveals' | 'opens' | 'reports';

/** A worker with nothing drawn for it. */
export const newWorker = (id: string): WorkerData => ({ id, attempts: {}, commits: [], reveals: [], opens: [], reports: [], flush_at_ms: 0 });

/** Apply one event. Unknown units are ignored: the ledger, not the worker, keeps the truth. */
export function workerStep(d: WorkerData, event: HostEvent): Step {
  switch (event.type) {
    case 'ledger.block':
      return event.events.reduce<Step>((step, e) => then(step, onLedger(step.d, e, event.now_ms)), still(d));
    case 'io.done':
      return onAnswer(d, event.key, event.answer, event.now_ms);
    case 'timer.fired':
      return event.id === 'flush' ? flush(d) : still(d);
    case 'io.failed':
      // Not computed in time: the deadline passes and the unit is drawn again for somebody else.
      return { d, effects: [{ type: 'log', level: 'warn', message: 'sandbox failed', data: { key: event.key, code: event.code } }] };
    default:
      return still(d);
  }
}

function onLedger(d: WorkerData, e: LedgerEvent, now_ms: number): Step {
  switch (e.type) {
    case 'unit.assigned': {
      if (e.worker !== d.id) return still(d);
      const { unit, attempt, kernel, start, unit_log2 } = e;
      const open = { unit, attempt, phase: 'computing' as const, outcome: null };
      return {
        d: { ...d, attempts: { ...d.attempts, [key(unit, attempt)]: open } },
        effects: [io('run', unit, attempt, { action: 'run', unit, attempt, kernel, start, unit_log2 })],
      };
    }
    case 'unit.committed':
      return e.worker === d.id ? reveal(d, e.unit, e.attempt, now_ms) : still(d);
    case 'audit.assigned': {
      const { unit, attempt, kernel, start, unit_log2 } = e;
      const indices = [...e.indices];
      const work = { unit, attempt, kernel, start, unit_log2, indices };
      if (e.worker === d.id) return { d, effects: [io('open', unit, attempt, { action: 'open', ...work })] };
      if (!e.auditors.includes(d.id)) return still(d);
      return { d, effects: [io('audit', unit, attempt, { action: 'recompute', ...work })] };
    }
    case 'unit.settled':
    case 'unit.requeued':
      return e.worker === d.id ? forget(d, e.unit, e.attempt) : still(d);
    default:
      return still(d);
  }
}

function onAnswer(d: WorkerData, ioKey: string, answer: unknown, now_ms: number): Step {
  const [action = '', unit = '', attemptText = ''] = ioKey.split(/[:#]/);
  const attempt = Number(attemptText);
  const open = d.attempts[key(unit, attempt)];
  if (action === 'run' && open?.phase === 'computing') {
    const outcome = RunAnswer.parse(answer);
    const attempts = { ...d.attempts, [key(unit, attempt)]: { ...open, phase: 'committing' as const, outcome } };
    return queue({ ...d, attempts }, 'commits', { unit, attempt, commitment: outcome.commitment }, now_ms);
  }
  if (action === 'open') return queue(d, 'opens', { unit, attempt, openings: OpenAnswer.parse(answer).openings }, now_ms);
  if (action === 'audit') return queue(d, 'reports', { unit, attempt, results: RecomputeAnswer.parse(answer).results }, now_ms);
  return still(d);
}

/** The commit is final, so nobody can copy the result any more: show it. */
function reveal(d: WorkerData, unit: string, attempt: number, now_ms: number): Step {
  const open = d.attempts[key(unit, attempt)];
  if (open?.phase !== 'committing' || open.outcome === null) return still(d);
  const { root, output_hash, fuel, salt, suspects } = open.outcome;
  const attempts = { ...d.attempts, [key(unit, attempt)]: { ...open, phase: 'revealed' as const } };
  return queue({ ...d, attempts }, 'reveals', { unit, attempt, root, output_hash, fuel, salt, suspects }, now_ms);
}

function forget(d: WorkerData, unit: string, attempt: number): Step {
  const { [key(unit, attempt)]: gone, ...attempts } = d.attempts;
  return gone === undefined ? still(d) : still({ ...d, attempts });
}

/** Put an item into a queue and arm the flush timer if it is not. */
function queue<Q extends Queue>(d: WorkerData, name: Q, item: WorkerData[Q][number], now_ms: number): Step {
  const queued = { ...d, [name]: [...d[name], item] };
  if (d.flush_at_ms !== 0) return still(queued);
  const at_ms = now_ms + FLUSH_AFTER_MS;
  return { d: { ...queued, flush_at_ms: at_ms }, effects: [{ type: 'timer.set', id: 'flush', at_ms }] };
}

function flush(d: WorkerData): Step {
  const effects: Effect[] = [
    ...chunks(d.commits, MAX_BATCH_ITEMS).map((commits): Effect => ({ type: 'submit', body: { type: 'commit', commits } })),
    ...chunks(d.reveals, MAX_BATCH_ITEMS).map((reveals): Effect => ({ type: 'submit', body: { type: 'reveal', reveals } })),
    ...chunks(d.opens, MAX_RESULTS_PER_TX).map((opens): Effect => ({ type: 'submit', body: { type: 'audit.open', opens } })),
    ...chunks(d.reports, MAX_RESULTS_PER_TX).map((reports): Effect => ({ type: 'submit', body: { type: 'audit.report', reports } })),
  ];
  return { d: { ...d, commits: [], reveals: [], opens: [], reports: [], flush_at_ms: 0 }, effects };
}

const key = (unit: string, attempt: number): string => `${unit}#${attempt}`;
const io = (action: string, unit: string, attempt: number, request: unknown): Effect => ({ type: 'io', port: 'sandbox', key: `${action}:${key(unit, attempt)}`, request });
const still = (d: WorkerData): Step => ({ d, effects: [] });
const then = (a: Step, b: Step): Step => ({ d: b.d, effects: [...a.effects, ...b.effects] });
