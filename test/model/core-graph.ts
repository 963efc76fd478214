// What one production core can become, drawn as far as the search asks. The core itself makes every step.
//
// A node stands for all histories after which the core is in one place, has said the same, and holds the same locks as far as they still
// matter within the bounds. The first history that leads there speaks for it, and up to `max_histories` more: it does what any of
// them does.
import { offenceOf, type Statement as Signed } from '#machines/consensus/accountability.ts';
import type { CoreParts } from '#machines/consensus/core-state.ts';
import { CoreSteps, type Offer } from './core-steps.ts';
import { type Happening, LoneCore, leaderOf } from './lone-core.ts';
import { rangeTo, type Vocabulary } from './vocabulary.ts';

export type CoreNode = {
  readonly id: number;
  /** Bits of all that it has said. */
  readonly words: number;
  /** Decided, or at the end of the last round: it says nothing more. */
  readonly isSilent: boolean;
  readonly offers: readonly Offer[];
  /** Offers to its histories that lead elsewhere, or that nobody has taken yet. */
  steps: Step[];
  /** Digests of what the core is after its histories. */
  readonly histories: Set<string>;
};

/** `a` and `b` as in an offer, with what the history asks for; `target` is undefined until it is taken. */
export type Step = Offer & { readonly history: History; target: CoreNode | undefined };

/** What was heard, and the bits of what the peers had said for it. */
type History = { readonly heard: readonly Happening[]; readonly a: number; readonly b: number };

export class CoreGraph {
  readonly first: CoreNode;
  readonly nodes: CoreNode[] = [];
  readonly violations = new Set<string>();
  /** Situations that came up. */
  readonly reached = new Set<string>();
  /** Cores that were run. */
  runs = 0;
  /** Whether a node has got another history since the search may have gone on from it. */
  isStale = false;
  readonly #words: Vocabulary;
  readonly #self: number;
  readonly #steps: CoreSteps;
  readonly #parts: CoreParts;
  readonly #max_histories: number;
  readonly #byKey = new Map<string, CoreNode>();
  readonly #leads: readonly number[];

  /** @param peers the two other correct validators */
  constructor(
    words: Vocabulary,
    [self, ...peers]: readonly [number, number, number],
    parts: CoreParts,
    max_histories: number,
  ) {
    this.#words = words;
    this.#self = self;
    this.#steps = new CoreSteps(words, self, peers);
    this.#parts = parts;
    this.#max_histories = max_histories;
    this.#leads = rangeTo(words.rounds).filter((round) => leaderOf(round) === self);
    this.first = this.#run({ heard: [], a: 0, b: 0 });
  }

  /** Where a step leads that nobody has taken yet; undefined if nobody can tell the difference. */
  take(from: CoreNode, step: Step): CoreNode | undefined {
    const { heard, a, b } = step.history;
    const target = this.#run({ heard: [...heard, ...step.hears], a: a | step.a, b: b | step.b });
    // Who has said nothing new and is silent from now on is no more than one who hears nothing.
    const isRest = target === from || (target.isSilent && target.words === from.words);
    step.target = target;
    const isNeeded = !isRest && !from.steps.some((other) => isCovered(step, other));
    from.steps = from.steps.filter((other) => (other === step ? isNeeded : !(isNeeded && isCovered(other, step))));
    return isRest ? undefined : target;
  }

  #run(history: History): CoreNode {
    this.runs++;
    const core = new LoneCore(this.#self, history.heard, this.#parts);
    this.#judge(core, history);
    const node = this.#nodeOf(core);
    if (this.#isOver(core) || node.histories.size >= this.#max_histories) return node;
    const digest = core.digest();
    if (!node.histories.has(digest)) this.#addHistory(node, digest, history);
    return node;
  }

  /** The first speaks for all, also for those that have heard something else; the others for themselves. */
  #addHistory(node: CoreNode, digest: string, history: History): void {
    const isFirst = node.histories.size === 0;
    node.histories.add(digest);
    if (!isFirst) this.isStale = true;
    for (const { a, b, hears } of node.offers) {
      const asked = isFirst ? { a, b } : { a: a | history.a, b: b | history.b };
      node.steps.push({ ...asked, hears, history, target: undefined });
    }
  }

  #nodeOf(core: LoneCore): CoreNode {
    const words = this.#words.maskOf(core.said);
    const { round, step } = core.position;
    const isSilent = this.#isOver(core) || (step === 'precommit' && round === this.#words.rounds - 1);
    const key = isSilent ? `${words}` : `${words} ${this.#placeOf(core)}`;
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const offers = isSilent ? this.#steps.commits(words) : this.#steps.offers({ round, step, own: words });
    const node = {
      id: this.nodes.length,
      words,
      isSilent,
      offers: [...offers],
      steps: [],
      histories: new Set<string>(),
    };
    this.#byKey.set(key, node);
    this.nodes.push(node);
    return node;
  }

  #isOver({ decided, position }: LoneCore): boolean {
    return decided !== undefined || position.round >= this.#words.rounds;
  }

  /** A lock matters while it will prevote, a valid value while it will lead. */
  #placeOf({ position: { round, step }, state }: LoneCore): string {
    const { locked_value, locked_round, valid_value, valid_round } = state;
    const isLast = round === this.#words.rounds - 1;
    const lock = isLast && step !== 'propose' ? '' : `${locked_value} ${locked_round}`;
    const valid = this.#leads.some((led) => led > round) ? `${valid_value} ${valid_round}` : '';
    return [round, step, lock, valid].join();
  }

  /** What holds of one core whatever the others do. */
  #judge(core: LoneCore, { a, b }: History): void {
    const { halt, votes, proposals, evidence, decided } = core;
    const fail = (what: string): unknown => this.violations.add(`core ${this.#self} ${what}`);
    if (halt !== undefined) fail(`halts: ${halt}`);
    if (offenceOf(votes) !== undefined || votes.some((vote) => votes.some((other) => isOffence(vote, other))))
      fail('says what nobody correct says');
    if (evidence.some(({ a: first, b: second }) => !isOffence(signed(first), signed(second))))
      fail('accuses where nothing is proven');
    const isEchoed = ({ proposal: { round, value, valid_round } }: (typeof proposals)[number]): boolean =>
      votes.some(
        (v) => v.type === 'prevote' && v.round === round && v.value === value && v.valid_round === valid_round,
      );
    if (!proposals.every(isEchoed)) fail('does not prevote what it proposes');
    if (decided !== undefined && decided.round < this.#words.rounds) {
      const bit = this.#words.bit({ ...decided, type: 'precommit', valid_round: -1 });
      const backers = [this.#words.maskOf(votes), a, b].filter((said) => (said & bit) !== 0);
      if (backers.length < 2) fail('decides without a quorum');
    }
    for (const what of situations(core)) this.reached.add(what);
  }
}

/** Whether the other leads to the same and asks for less. */
function isCovered(step: Step, by: Step): boolean {
  const isSame = step.target !== undefined && step.target === by.target && step !== by;
  return isSame && (step.a & by.a) === by.a && (step.b & by.b) === by.b;
}

const signed = (statement: Evidenced): Signed => ('type' in statement ? statement : { ...statement, type: 'proposal' });
type Evidenced = LoneCore['evidence'][number]['a'];

/** Two statements that nobody correct signs both: said once more here, apart from the rule under test. */
function isOffence(a: Signed, b: Signed): boolean {
  if (a.validator !== b.validator) return false;
  if (a.type === b.type) return a.round === b.round && (a.value !== b.value || a.valid_round !== b.valid_round);
  if (a.type !== 'precommit' || b.type !== 'prevote' || a.value === null || b.value === null) return false;
  return a.value !== b.value && a.round < b.round && b.valid_round < a.round;
}

function* situations({ votes, proposals, decided, evidence }: LoneCore): Iterable<string> {
  if (decided !== undefined) yield `decided in round ${decided.round}`;
  if (proposals.some(({ polka }) => polka !== undefined)) yield 'proposed a valid value again';
  if (votes.some((v) => v.valid_round >= 0)) yield 'prevoted by an old polka';
  if (evidence.length > 0) yield 'found evidence';
  const locks = votes.filter((v) => v.type === 'precommit' && v.value !== null).map(({ value }) => value);
  if (new Set(locks).size > 1) yield 'changed its lock';
  const locked = votes.find((v) => v.type === 'precommit' && v.value !== null);
  if (locked && votes.some((v) => v.type === 'prevote' && v.round > locked.round && v.value === null))
    yield 'kept its lock against another proposal';
}
