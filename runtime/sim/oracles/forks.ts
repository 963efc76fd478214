// Forks, where there is enough Byzantine power for them: whoever is correct must stop, and what they leave must name who made it.
import { checkConflicts, withVotes } from '#machines/consensus/accountability.ts';
import type { Electorate } from '#machines/consensus/electorate.ts';
import type { CommitConflict, SignedVote } from '#schemas/consensus/types.ts';
import type { SometimeName } from '../sometimes.ts';
import type { Report } from './violation.ts';

/** What a store holds of a decided height: the block id, hex, and the votes beside its certificate. */
type Kept = { readonly id: string; readonly votes: readonly SignedVote[] };

/** Listens to correct validators only. */
export type ForkOracle = {
  /** One has decided, and keeps what was said there. */
  decided(node: number, height: number, decision: Kept): void;
  /** One has crashed: what the others say last, before they stop, it may never hear. */
  crashed(node: number): void;
  /** One starts again at this height: a power cut may have taken what it had decided above. */
  restarted(node: number, height: number): void;
  /** From here on what is said arrives: before, the last words of who stops may be lost. */
  healed(): void;
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
  /** By height, of each. */
  const held = new Map(correct.map((node) => [node, new Map<number, Kept>()]));
  const down = new Set<number>();
  /** Down at some time since the first has stopped. */
  const deaf = new Set<number>();
  /** Those who may have missed all last words so far. */
  let unaware = new Set<number>();
  let isHealed = false;
  let isForked = false;

  function compare(): void {
    const first = new Map<number, string>();
    for (const [height, { id }] of [...held.values()].flatMap((kept) => [...kept]))
      if (first.get(height) === undefined) first.set(height, id);
    isForked = [...held.values()].some((kept) => [...kept].some(([height, { id }]) => first.get(height) !== id));
  }

  /** The files of one height. Where others stopped at another one, what their stores hold of this one is added: `sortition evidence add`. */
  function filesOf(height: number, isOnly: boolean): readonly CommitConflict[] {
    const files = [...left.values()].filter(({ first }) => first.height === height);
    const votes = [...held.values()].flatMap((kept) => kept.get(height)?.votes ?? []);
    return isOnly ? files : files.map((file) => withVotes(file, votes));
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
    decided(node, height, decision) {
      held.get(node)?.set(height, decision);
      compare();
    },
    crashed(node) {
      down.add(node);
      if (left.size > 0) deaf.add(node);
    },
    restarted(node, height) {
      down.delete(node);
      const kept = held.get(node);
      for (const above of [...(kept?.keys() ?? [])].filter((each) => each > height)) kept?.delete(above);
      compare();
    },
    healed() {
      isHealed = true;
    },
    stopped(node, conflict) {
      left.set(node, conflict);
      unaware = new Set(isHealed ? [] : correct);
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
      const heedless = correct.filter((node) => !left.has(node) && !deaf.has(node) && !unaware.has(node));
      for (const node of heedless) report('fork_unnoticed', node, 'goes on');
      const heights = new Set([...left.values()].map(({ first }) => first.height));
      const groups = [...heights].map((height) => filesOf(height, heights.size === 1));
      if (!groups.map(names).includes(true)) report('fork_unnamed', -1, `at height ${[...heights].join(', ')}`);
    },
  };
}
