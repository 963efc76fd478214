// One turn of a validator: inputs → core → signer → rows to write → words to the others. Record, sync, then speak.
import type { Core } from '#machines/consensus/core.ts';
import type { CoreEffect, Input } from '#machines/consensus/types.ts';
import { type EvidenceBytes, encodeEvidence } from '#schemas/consensus/evidence-codec.ts';
import type { ConsensusMessage } from '#schemas/consensus/message-codec.ts';
import { proposalSignBytes, voteSignBytes } from '#schemas/consensus/vote-codec.ts';
import type { Code } from '#schemas/wire/codes.ts';
import type { StoreOp } from '../store/store.ts';
import { finalOps } from './block-store.ts';
import { inputOf, type RecordedInput } from './input-codec.ts';
import type { HeightLog } from './log.ts';
import type { Observer } from './observer.ts';
import type { OwnWord, OwnWords, Statement } from './own-words.ts';
import type { MonotonicSigner, Place } from './signer.ts';
import { testimonyOps } from './testimony-store.ts';

type EffectOf<T extends CoreEffect['type']> = Extract<CoreEffect, { type: T }>;
export type Decided = EffectOf<'decided'>;

/** What a turn works with; it changes all of them. */
export type TurnState = {
  readonly chain: string;
  /** Own key id. */
  readonly self: string;
  readonly core: Core;
  readonly signer: MonotonicSigner;
  readonly log: HeightLog;
  readonly own: OwnWords;
  readonly observer: Observer;
  /** What the application has to write with the blocks executed since the last call. */
  readonly commitOps: () => readonly StoreOp[];
};

/** What a turn leads to. */
export type TurnResult = {
  /** One write: synced before anything is said where there is an own word, appended where there is a decided block alone. */
  readonly ops: StoreOp[];
  /** An own word rests on the rows. What is recorded without one waits for the next turn that has one. */
  mustSync: boolean;
  readonly words: ConsensusMessage[];
  readonly timers: (EffectOf<'timer.set'> | EffectOf<'timer.cancel'>)[];
  readonly decided: Decided[];
  readonly releases: number[];
  readonly requests: (EffectOf<'sync.request'> | EffectOf<'part.request'>)[];
  readonly evidence: EvidenceBytes[];
  readonly refusals: Code[];
  halt: Omit<EffectOf<'halt'>, 'type'> | undefined;
};

/** Nothing came of the turn that anybody would have to do: at most the log has rows for the next batch. */
export const SILENT: TurnResult = emptyResult();

/** Step all inputs, and the own words that follow from them, to the fixpoint. */
export function runTurn(state: TurnState, inputs: readonly Input[]): TurnResult {
  let result: TurnResult | undefined;
  for (const input of inputs) {
    const effects = state.core.step(input);
    // Most of what comes was heard before, or is only counted.
    if (isOnlyRecorded(state, effects)) continue;
    result ??= emptyResult();
    carryOut(state, result, effects, input.now_ms);
    if (result.halt !== undefined) break;
  }
  if (result?.mustSync) result.ops.push(...state.log.take());
  return result ?? SILENT;
}

/** Whether the input leads to nothing but its own record, which is then taken. */
function isOnlyRecorded(state: TurnState, effects: readonly CoreEffect[]): boolean {
  const [first] = effects;
  if (first === undefined) return true;
  if (first.type !== 'record' || effects.length > 1 || isForeign(state, first.input)) return false;
  state.log.append(first.input as RecordedInput);
  return true;
}

/**
 * Whether there is a statement under the own key in what was news to the core, and this process never made it: another one signs
 * with the key. A node that is silent hears the words of its own forgotten past.
 */
function isForeign(state: TurnState, input: Input): boolean {
  switch (input.type) {
    case 'vote.received':
      return isUnknown(state, input.vote);
    case 'proposal.received':
      return isUnknown(state, input.proposal) || input.polka?.votes.some((vote) => isUnknown(state, vote)) === true;
    case 'certificate.received':
      return input.certificate.votes.some((vote) => isUnknown(state, vote));
    default:
      return false;
  }
}

function isUnknown({ core, self, observer, own }: TurnState, said: Statement): boolean {
  const author = core.electorate(said.height)?.validators[said.validator];
  return author?.id === self && observer.maySpeak(said.height) && !own.has(said);
}

function emptyResult(): TurnResult {
  return {
    ops: [],
    mustSync: false,
    words: [],
    timers: [],
    decided: [],
    releases: [],
    requests: [],
    evidence: [],
    refusals: [],
    halt: undefined,
  };
}

/** The own words that effects lead to are the next inputs. */
function carryOut(state: TurnState, result: TurnResult, effects: readonly CoreEffect[], now_ms: number): void {
  const own: Input[] = [];
  const decided = result.decided.length;
  for (const effect of effects) {
    if (result.halt !== undefined) break;
    const word = perform(state, result, effect);
    const input = word && inputOf(word, now_ms, state.self);
    if (input !== undefined) own.push(input);
  }
  if (result.decided.length > decided) result.ops.push(...state.commitOps());
  for (const input of own) {
    if (result.halt === undefined) carryOut(state, result, state.core.step(input), now_ms);
  }
}

function perform(state: TurnState, result: TurnResult, effect: CoreEffect): OwnWord | undefined {
  switch (effect.type) {
    case 'record':
      if (isForeign(state, effect.input))
        result.halt = { code: 'KEY_IN_USE_TWICE', detail: `${effect.input.type}: words that this process never said` };
      state.log.append(effect.input as RecordedInput);
      return undefined;
    case 'vote':
      return vote(state, result, effect);
    case 'propose':
      return propose(state, result, effect);
    case 'decided':
      finish(state, result, effect);
      return undefined;
    case 'publish.certificate': {
      const { certificate, block } = effect;
      result.words.push(
        block === undefined ? { type: 'certificate', certificate } : { type: 'certificate', certificate, block },
      );
      return undefined;
    }
    case 'publish.status':
      result.words.push({ type: 'status', from: state.self, ...effect.status });
      return undefined;
    case 'rebroadcast':
      // Large bodies were sent with the first word: who lacks parts of one asks for them.
      for (const word of state.own.all()) result.words.push(state.core.cutter.shortened(word));
      result.releases.push(state.core.tip.height);
      return undefined;
    case 'timer.set':
    case 'timer.cancel':
      result.timers.push(effect);
      return undefined;
    case 'beacon.release':
      result.releases.push(effect.height);
      return undefined;
    case 'sync.request':
    case 'part.request':
      result.requests.push(effect);
      return undefined;
    case 'evidence.found':
      result.evidence.push(encodeEvidence(effect.evidence));
      return undefined;
    case 'refused':
      result.refusals.push(effect.code);
      return undefined;
    case 'halt':
      result.halt = effect;
      // Once, as the last word: whoever hears it stops too, and says it once more with what it holds itself.
      if (effect.conflict !== undefined) result.words.push({ type: 'conflict', conflict: effect.conflict });
      return undefined;
  }
}

function vote(state: TurnState, result: TurnResult, { vote: statement }: EffectOf<'vote'>): OwnWord | undefined {
  const { height, round, type } = statement;
  const signature = sign(
    state,
    result,
    { height, round, step: type === 'prevote' ? 1 : 2 },
    voteSignBytes(state.chain, statement),
  );
  return signature && speak(state, result, { type: 'vote', vote: { ...statement, signature } });
}

function propose(
  state: TurnState,
  result: TurnResult,
  { proposal: statement, block, polka }: EffectOf<'propose'>,
): OwnWord | undefined {
  const { height, round } = statement;
  const signature = sign(state, result, { height, round, step: 0 }, proposalSignBytes(state.chain, statement));
  if (signature === undefined) return undefined;
  const proposal = { ...statement, signature };
  return speak(state, result, { type: 'proposal', proposal, ...(polka && { polka }), block });
}

/** Undefined where this validator must be silent, or where the signer refuses: then it stops. */
function sign(state: TurnState, result: TurnResult, place: Place, bytes: Uint8Array): Uint8Array | undefined {
  if (!state.observer.maySpeak(place.height)) return undefined;
  const signed = state.signer.sign(place, bytes);
  if (!signed.ok) {
    result.halt = { code: signed.code, detail: signed.detail ?? '' };
    return undefined;
  }
  result.ops.push(signed.value.op);
  return signed.value.signature;
}

function speak(state: TurnState, result: TurnResult, word: OwnWord): OwnWord {
  result.mustSync = true;
  result.words.push(word);
  state.own.add(word);
  return word;
}

/**
 * End of a height: block, tip, what was said and the log's end in the same write as the application's rows. It need not be synced: its proof is
 * the certificate, made of votes that their signers synced before they said them. A power cut takes this node back to its own
 * votes of the height; even if it takes all nodes back, these votes lead to the same block (ADR 17).
 */
function finish(state: TurnState, result: TurnResult, effect: Decided): void {
  const { time_ms } = effect.header;
  const tip = {
    height: effect.height,
    id: effect.final.certificate.value ?? '',
    time_ms,
    state_root: effect.state_root,
  };
  result.ops.push(
    ...finalOps(tip, effect.final),
    ...testimonyOps(effect.height, effect.votes),
    ...state.log.advance(effect.height + 1),
  );
  result.decided.push(effect);
  state.own.clear();
}
