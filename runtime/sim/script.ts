// Plays a script: in each round of the first height its own partition, and what the Byzantine validator keeps to itself.
import { type Message, statementOf } from './message.ts';
import type { Plan } from './plan.ts';

export type ScriptPlayer = {
  /** Somebody has begun `round` of the first height: the round's partition begins with the first. */
  entered(round: number, now_ms: number): void;
  isCut(from: number, to: number, message: Message, now_ms: number): boolean;
  /** Rounds that were begun. */
  readonly rounds: number;
};

/** A round's partition lasts until after its propose timeout (400 + 200 r ms): whoever heard nothing has said so by then. */
const FIRST_MS = 500;
const LONGER_MS = 200;

/** A player at round 0. */
export function playScript({ script, byzantine }: Pick<Plan, 'script' | 'byzantine'>): ScriptPlayer {
  let current = 0;
  let end_ms = FIRST_MS;

  /** Said in a round of the first height that it keeps it to itself in; the second copy is the last replica. */
  function isKept(message: Message): boolean {
    const said = statementOf(message);
    if (said === undefined || said.height !== 1 || byzantine[said.validator] === undefined) return false;
    const kept = script[said.round]?.kept;
    return (
      kept === 'everything' || (kept === 'precommits' && message.type === 'vote' && message.vote.type === 'precommit')
    );
  }

  return {
    entered(round, now_ms) {
      if (round <= current) return;
      current = round;
      end_ms = now_ms + FIRST_MS + LONGER_MS * round;
    },
    isCut(from, to, message, now_ms) {
      const groups = script[current]?.groups;
      const isApart = groups !== undefined && now_ms < end_ms && groups[from] !== groups[to];
      return isApart || isKept(message);
    },
    get rounds() {
      return current + 1;
    },
  };
}
