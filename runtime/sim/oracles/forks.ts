// Forks, where there is enough Byzantine power for them: whoever is correct must stop, and what they leave must name who made it.
import { checkConflicts } from '#machines/consensus/accountability.ts';
import type { Electorate } from '#machines/consensus/electorate.ts';
import type { CommitConflict } from '#schemas/consensus/types.ts';
import type { SometimeName } from '../sometimes.ts';
import type { Report } from './violation.ts';

/** Listens to correct validators only. */
export type ForkOracle = {
  /** One has decided a block, hex. */
  decided(node: number, height: number, id: string): void;
  /** One has crashed: what the others say last, before they stop, it may never hear. */
  crashed(node: number): void;
  /** One starts again at this height: a power cut may have taken what it had decided above. */
  restarted(node: number, height: number): void;
  /** One has stopped, with what it would write. */
  stopped(node: number, conflict: CommitConflict): void;
  /** Whether nothing is left to wait for: there was a fork, and all have stopped. */
  readonly isOver: boolean;
  /** Whether there is any sign of a fork: two of them hold different blocks of one height, or one has stopped. */
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
  /** Block ids by height, of each. */
  const held = new Map(correct.map((node) => [node, new Map<number, string>()]));
  const down = new Set<number>();
  /** Down at some time since the first has stopped. */
  const deaf = new Set<number>();
  let isForked = false;

  function compare(): void {
    const first = new Map<number, string>();
    for (const [height, id] of [...held.values()].flatMap((ids) => [...ids]))
      if (first.get(height) === undefined) first.set(height, id);
    isForked = [...held.values()].some((ids) => [...ids].some(([height, id]) => first.get(height) !== id));
  }

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
    decided(node, height, id) {
      held.get(node)?.set(height, id);
      compare();
    },
    crashed(node) {
      down.add(node);
      if (left.size > 0) deaf.add(node);
    },
    restarted(node, height) {
      down.delete(node);
      const ids = held.get(node);
      for (const above of [...(ids?.keys() ?? [])].filter((each) => each > height)) ids?.delete(above);
      compare();
    },
    stopped(node, conflict) {
      left.set(node, conflict);
      for (const each of down) deaf.add(each);
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
      const heedless = correct.filter((node) => !left.has(node) && !deaf.has(node));
      for (const node of heedless) report('fork_unnoticed', node, 'goes on');
      const heights = new Set([...left.values()].map(({ first }) => first.height));
      const groups = [...heights].map((height) => [...left.values()].filter(({ first }) => first.height === height));
      if (!groups.map(names).includes(true)) report('fork_unnamed', -1, `at height ${[...heights].join(', ')}`);
    },
  };
}
