// A validator's duties beside consensus: it settles disputes by re-execution, cosigns checkpoints, reports evidence, takes
// part in key generations, stands in for a dead shuffler.
import { enqueueActions, setup } from 'xstate';
import { EvidenceAnswer } from '#schemas/node/evidence.ts';
import type { Effect, HostEvent } from '#schemas/node/host.ts';
import { KeygenAnswer } from '#schemas/node/keygen.ts';
import type { LedgerEvent } from '#schemas/settlement/state.ts';
import type { ValidatorData } from '#schemas/snapshots/validator-v1.ts';
import { RecomputeAnswer } from '#schemas/work/sandbox.ts';
import { askForDraws, newLottery, sendDraws } from '../work/lottery.ts';

/** How long a possible draw may wait for the shuffler before validators send it, ms of block time. */
export const STAND_IN_AFTER_MS = 2_000;
/** Pause after a failed port, ms. */
const RETRY_AFTER_MS = 1_000;

type Step = { readonly d: ValidatorData; readonly effects: readonly Effect[] };

export const validatorMachine = setup({
  types: {
    input: {} as { id: string },
    context: {} as { d: ValidatorData },
    events: {} as HostEvent,
    emitted: {} as Effect,
  },
  actions: {
    hear: enqueueActions(({ context, event, enqueue }) => {
      const { d, effects } = validatorStep(context.d, event);
      if (d !== context.d) enqueue.assign({ d });
      for (const effect of effects) enqueue.emit(effect);
    }),
  },
}).createMachine({
  id: 'validator',
  context: ({ input }) => ({ d: { id: input.id, lottery: newLottery(), cosigning: {}, evidence_count: 0 } }),
  on: { '*': { actions: 'hear' } },
  initial: 'starting',
  states: {
    starting: { always: { guard: ({ context }) => context.d.lottery.is_asking, target: 'serving' } },
    serving: { always: { guard: ({ context }) => !context.d.lottery.is_asking, target: 'starting' } },
  },
});

function validatorStep(d: ValidatorData, event: HostEvent): Step {
  switch (event.type) {
    case 'actor.started': {
      const watch = watchEvidence(d);
      const look = lookForDraws(watch.d);
      return { d: look.d, effects: [...watch.effects, ...look.effects] };
    }
    case 'ledger.block':
      return { d, effects: event.events.flatMap((e) => [...judge(e), ...generate(e)]) };
    case 'timer.fired':
      return event.id === 'lottery' ? lookForDraws(d) : watchEvidence(d);
    case 'message':
      return event.kind === 'cosign.request.v1' ? cosign(d, event.from, event.body) : { d, effects: [] };
    case 'io.done':
      return onAnswer(d, event.port, event.key, event.answer);
    case 'io.failed':
      return onFailure(d, event.port, event.key, event.now_ms);
    default:
      return { d, effects: [] };
  }
}

/** A dispute: compute the piece, whoever is right. */
function judge(e: LedgerEvent): Effect[] {
  if (e.type !== 'audit.disputed') return [];
  const { unit, attempt, index, kernel, start, unit_log2 } = e;
  const request = { action: 'recompute', unit, attempt, kernel, start, unit_log2, indices: [index] };
  return [{ type: 'io', port: 'sandbox', key: `judge:${unit}#${attempt}#${index}`, request }];
}

/** A phase of a key generation: what is due in it is known when it begins. */
function generate(e: LedgerEvent): Effect[] {
  if (e.type !== 'keygen.phase') return [];
  const { epoch, phase, until_height } = e;
  return [{ type: 'io', port: 'keygen', key: `keygen:${epoch}#${phase}#${until_height}`, request: { epoch, phase } }];
}

function lookForDraws(d: ValidatorData): Step {
  const { l, effects } = askForDraws(d.lottery, STAND_IN_AFTER_MS);
  return { d: { ...d, lottery: l }, effects };
}

/** The key holds the question itself, so that a repeated question is answered once. */
function cosign(d: ValidatorData, from: string, body: unknown): Step {
  const { size } = body as { size: number };
  const key = `cosign:${from}:${size}`;
  return {
    d: { ...d, cosigning: { ...d.cosigning, [key]: from } },
    effects: [{ type: 'io', port: 'cosign', key, request: { from, ask: body } }],
  };
}

function onAnswer(d: ValidatorData, port: string, key: string, answer: unknown): Step {
  if (port === 'lottery') {
    const { l, effects } = sendDraws(d.lottery, answer, STAND_IN_AFTER_MS);
    return { d: { ...d, lottery: l }, effects };
  }
  if (port === 'cosign') {
    const { [key]: to, ...cosigning } = d.cosigning;
    return {
      d: { ...d, cosigning },
      effects: to === undefined ? [] : [{ type: 'send', to, kind: 'cosign.reply.v1', body: answer }],
    };
  }
  if (port === 'evidence') {
    const next = watchEvidence(d);
    return {
      d: next.d,
      effects: [{ type: 'submit', body: { type: 'evidence', ...EvidenceAnswer.parse(answer) } }, ...next.effects],
    };
  }
  if (port === 'keygen') return { d, effects: KeygenAnswer.parse(answer).map((body) => ({ type: 'submit', body })) };
  return { d, effects: [adjudication(key, answer)] };
}

function adjudication(key: string, answer: unknown): Effect {
  const [, unit = '', attempt, index] = key.split(/[:#]/);
  const [first] = RecomputeAnswer.parse(answer).results;
  if (first === undefined) return { type: 'log', level: 'warn', message: 'sandbox gave no result', data: { key } };
  return {
    type: 'submit',
    body: { type: 'adjudicate', unit, attempt: Number(attempt), index: Number(index), result: first.result },
  };
}

function onFailure(d: ValidatorData, port: string, key: string, now_ms: number): Step {
  // Somebody who may not ask gets no answer: he need not acknowledge it, and it would wait in the outbox for ever.
  if (port === 'cosign') {
    const { [key]: _refused, ...cosigning } = d.cosigning;
    return { d: { ...d, cosigning }, effects: [] };
  }
  const again: Effect = { type: 'timer.set', id: port, at_ms: now_ms + RETRY_AFTER_MS };
  if (port === 'lottery') return { d: { ...d, lottery: { ...d.lottery, is_asking: false } }, effects: [again] };
  return { d, effects: port === 'evidence' ? [again] : [] };
}

function watchEvidence(d: ValidatorData): Step {
  const evidence_count = d.evidence_count + 1;
  return {
    d: { ...d, evidence_count },
    effects: [{ type: 'io', port: 'evidence', key: `evidence:${evidence_count}`, request: null }],
  };
}
