// What an oracle says when a rule is broken.

/** Every rule that a schedule is held to, with what breaking it means. Rendered into docs/simulator.md. */
export const RULES = {
  agreement: 'Two correct validators decided different blocks at one height.',
  gap: 'A validator decided a height out of order, or a decided height twice with another block.',
  certificate: 'A decided block does not carry commit votes of more than two thirds of the power.',
  state_root: 'Two correct validators have different state after one height.',
  equivocation: 'A correct validator signed two different votes of one type, or two proposals, in one round.',
  precommit_without_polka:
    'A correct validator precommitted a block without prevotes of a quorum for it in that round.',
  prevote_without_polka: 'A correct validator cited a polka in its prevote that never existed.',
  prevote_against_lock:
    'A correct validator prevoted a block while it was locked, citing no polka of that round or later.',
  evidence_unsound: 'Evidence names a correct validator.',
  replay: 'The state after a restart is not the state before the crash.',
  conservation: 'The sum of an asset over all accounts changed without a rule that says so.',
  exactly_once: 'A transaction was applied twice, or a unit was paid twice.',
  paid_unchecked: 'A unit was paid before two auditors or the validators had checked it.',
  bounds: 'A validator keeps the log of a height that is final: its store would grow without end.',
  damage: 'A validator started over a damaged store in another way than is stated for that damage.',
  key_twice: 'A validator went on to speak after it had heard a word of its own key that it never said.',
  set_differs: 'Two validators have different sets for one epoch.',
  set_leap:
    'A set does not begin two heights after the block that fixes it, changes more than a third of the seats, or drops the beacon key.',
  set_unannounced: "A header does not name its height's epoch and set, or not the set of the next height.",
  snapshot_unsound: 'A validator took up a snapshot that is false, or refused a true one.',
  fork_unnoticed: 'Two commits of one height came up, and a correct validator goes on.',
  fork_unnamed: 'What correct validators leave of a fork does not name more than a third of the power.',
  halted: 'A correct validator stopped itself.',
  threw: 'A machine threw: a broken invariant.',
} as const satisfies Record<string, string>;

export type Rule = keyof typeof RULES;

/** A broken rule. `node` is the validator concerned, −1 when it is the network as a whole. */
export type Violation = { readonly rule: Rule; readonly node: number; readonly detail: string; readonly at_ms: number };

/** Where oracles report to. */
export type Report = (rule: Rule, node: number, detail: string) => void;
