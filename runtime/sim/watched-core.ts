// A core with a spectator: notes, from inputs and effects alone, that a schedule got to one of the places worth getting to.
import type { Core } from '#machines/consensus/core.ts';
import type { CoreEffect, Input } from '#machines/consensus/types.ts';
import { MAX_ROUND_PROPOSALS } from '#schemas/wire/limits.ts';
import type { SometimeName } from './sometimes.ts';

type Sees = (name: SometimeName) => void;

/** Above this round the timeouts have grown and every leader of four has had a turn. */
const HIGH_ROUND = 3;

/** The same core; `sees` hears of what it went through, `entered` of each round of the first height. */
export function watchedCore(core: Core, sees: Sees, entered: (round: number) => void): Core {
  let { height, round } = core.position;
  /** Proposals kept per round of this height. */
  let proposals = new Map<number, number>();

  function look(input: Input, effects: readonly CoreEffect[]): void {
    const now = core.position;
    if (now.height === 1 && now.round > round) entered(now.round);
    if (now.height === height && now.round > round) {
      if (now.round > HIGH_ROUND) sees('round_above_3');
      if (input.type === 'certificate.received' && input.certificate.type === 'skip') sees('skip_certificate_used');
    }
    for (const effect of effects) lookAt(effect, input);
    if (input.type === 'blocks.synced') lookAtRange(effects);
    if (now.height !== height) proposals = new Map();
    ({ height, round } = now);
  }

  function lookAt(effect: CoreEffect, input: Input): void {
    if (effect.type === 'decided') onDecided(effect.round, input);
    else if (effect.type === 'vote' && effect.vote.valid_round >= 0) sees('reproposal_with_polka');
    else if (effect.type === 'refused' && effect.code === 'PROPOSALS_FULL') sees('proposal_refused');
    else if (effect.type === 'refused' && effect.code === 'PART_INVALID') sees('false_part_refused');
    else if (effect.type === 'part.request') sees('part_asked');
    else if (effect.type === 'record' && effect.input.type === 'proposal.received')
      onProposal(effect.input.proposal.round);
    else if (effect.type === 'evidence.found') sees(`${effect.evidence.type}_found`);
  }

  /** Blocks of an epoch and of the next one, in one step. */
  function lookAtRange(effects: readonly CoreEffect[]): void {
    const epochs = effects.flatMap((effect) => (effect.type === 'decided' ? [effect.header.epoch] : []));
    if (new Set(epochs).size > 1) sees('synced_into_epoch');
  }

  function onDecided(decidedRound: number, input: Input): void {
    if (decidedRound < round) sees('past_round_decided');
    if (input.type === 'certificate.received') sees('commit_certificate_used');
    if (input.type === 'blocks.synced' && round > 0) sees('sync_in_view_change');
  }

  function onProposal(at: number): void {
    const kept = (proposals.get(at) ?? 0) + 1;
    proposals.set(at, kept);
    if (kept > MAX_ROUND_PROPOSALS) sees('named_proposal_kept');
  }

  return {
    step(input) {
      const effects = core.step(input);
      if (effects.length > 0) look(input, effects);
      return effects;
    },
    restore(inputs) {
      const timers = core.restore(inputs);
      ({ height, round } = core.position);
      return timers;
    },
    stateDigest: () => core.stateDigest(),
    part: (value, index) => core.part(value, index),
    cutter: core.cutter,
    get held() {
      return core.held;
    },
    electorate: (height, epoch) => core.electorate(height, epoch),
    isMember: (id) => core.isMember(id),
    get self() {
      return core.self;
    },
    get isProposer() {
      return core.isProposer;
    },
    get tip() {
      return core.tip;
    },
    get awaitsWork() {
      return core.awaitsWork;
    },
    get position() {
      return core.position;
    },
  };
}
