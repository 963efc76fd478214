// At which of its turns one replica dies, as the schedule's plan has it.
import type { CrashPoint } from './plan.ts';
import type { World } from './world.ts';

export type CrashPlan = {
  /** Where in its turn it dies, if in this one; turns that say something are counted. */
  at(turn: number): CrashPoint | undefined;
  /** Whether a copy of its store is taken when it is down, to be put back some day. */
  readonly isToBeRestored: boolean;
};

export function crashPlanOf({ plan, forks, queue }: World, node: number): CrashPlan {
  const own = plan.crashes.filter((crash) => crash.node === node);
  const byTurn = new Map(own.map((crash) => [crash.turn, crash]));
  /** Where forks are made all are up at the heal: what the others say last, before they stop, nobody says again. */
  const isTooLate = ({ down_ms }: CrashPoint): boolean => forks !== undefined && queue.now_ms + down_ms >= plan.heal_ms;
  return {
    at(turn) {
      const crash = byTurn.get(turn);
      return crash === undefined || isTooLate(crash) ? undefined : crash;
    },
    isToBeRestored: own.some(({ damage }) => damage?.startsWith('old') === true),
  };
}
