// Forks, where there is enough Byzantine power for them: whoever is correct must stop, and what they leave must name who made it.
import { checkConflicts } from '#machines/consensus/accountability.ts';
import type { Electorate } from '#machines/consensus/electorate.ts';
import type { CommitConflict } from '#schemas/consensus/types.ts';
import type { SometimeName } from '../sometimes.ts';
import type { Report } from './violation.ts';

/** Listens to correct validators only. */
export type ForkOracle = {
  /** Two of them decided different blocks: what the chain oracle calls a broken agreement. */
  forked(): void;
  /** One has stopped, with what it would write. */
  stopped(node: number, conflict: CommitConflict): void;
  /** Whether nothing is left to wait for: there was a fork, and all have stopped. */
  readonly isOver: boolean;
  /** Whether there was any sign of a fork. */
  readonly isForked: boolean;
  /** Called once, at the end. */
  judge(): void;
};

/** @param correct the validators that are held to the rules */
export function createForkOracle(
  electorate: Electorate,
  correct: readonly number[],
  report: Report,
  sees: (name: SometimeName) => void,
): ForkOracle {
  const left = new Map<number, CommitConflict>();
  let isForked = false;

  /** Whether the union of these, which are of one height, names enough; and no correct one. */
  function names(conflicts: readonly CommitConflict[]): boolean {
    const checked = checkConflicts(electorate, conflicts);
    if (!checked.ok) return false;
    const { culprits, named_power, needed_power } = checked.value;
    for (const { validator, offence } of culprits) {
      if (correct.includes(validator)) report('evidence_unsound', validator, `${offence.type} in an evidence file`);
      if (offence.type === 'amnesia') sees('fork_by_amnesia');
    }
    return named_power >= needed_power;
  }

  return {
    forked() {
      isForked = true;
    },
    stopped(node, conflict) {
      left.set(node, conflict);
    },
    get isForked() {
      return isForked || left.size > 0;
    },
    get isOver() {
      return left.size === correct.length;
    },
    judge() {
      if (!isForked && left.size === 0) return;
      sees('fork_made');
      for (const node of correct) if (!left.has(node)) report('fork_unnoticed', node, 'goes on');
      const heights = new Set([...left.values()].map(({ first }) => first.height));
      const groups = [...heights].map((height) => [...left.values()].filter(({ first }) => first.height === height));
      if (!groups.map(names).includes(true)) report('fork_unnamed', -1, `at height ${[...heights].join(', ')}`);
    },
  };
}
