// Every way in which three correct cores and one Byzantine validator can go through a bounded height, up to what cannot matter.
//
// The network is the set of all that was said; the Byzantine validator has said everything that it can sign. A state is three nodes of
// the cores' graphs; a step lets one core hear what makes one rule fire (core-steps.ts), as soon as the others have said it.
import assert from 'node:assert/strict';
import { type CoreParts, roundStepper } from '#machines/consensus/core-state.ts';
import { quorum } from '#machines/primitives/quorum.ts';
import { CoreGraph, type CoreNode, type Step } from './core-graph.ts';
import { leaderOf, N } from './lone-core.ts';
import { StateSet } from './state-set.ts';
import { rangeTo, Vocabulary } from './vocabulary.ts';

/** What is explored. */
export type Bounds = {
  /** The Byzantine validator leads the round of its number. */
  readonly byzantine_leads: number;
  /** Rounds of the height; what would begin after them is cut off. */
  readonly rounds: number;
  /** Blocks that it makes; the correct leaders make one each. */
  readonly names: readonly string[];
  /** Histories that speak for one node of a core's graph. */
  readonly max_histories: number;
  readonly parts?: CoreParts | undefined;
};

/** What was found. */
export type Explored = {
  readonly states: number;
  readonly steps: number;
  /** Nodes of the cores' graphs, histories that stand for them, and cores that were run. */
  readonly nodes: number;
  readonly histories: number;
  readonly runs: number;
  readonly violations: readonly string[];
  /** Situations that must occur for the check to mean something. */
  readonly reached: readonly string[];
};

/** Nodes of a graph: three of them make a state, a whole number below 2^53. */
const MAX_NODES = 2 ** 17;

export function explore(bounds: Bounds): Explored {
  return new Explorer(bounds).run();
}

class Explorer {
  readonly #words: Vocabulary;
  readonly #graphs: readonly [CoreGraph, CoreGraph, CoreGraph];
  /** Two cores that lead no round are alike: they share a graph, and it does not matter which is which. */
  readonly #hasTwins: boolean;
  /** Bits that need a polka, each with the prevotes that can make it. */
  readonly #founded: (readonly [bit: number, polka: number])[] = [];
  /** The precommits of each value. */
  readonly #commits: readonly number[];
  readonly #violations = new Set<string>();
  #seen = new StateSet();
  #steps = 0;

  constructor({ byzantine_leads, rounds, names, max_histories, parts }: Bounds) {
    const byzantine = leaderOf(byzantine_leads);
    this.#words = new Vocabulary(byzantine, rounds, names);
    const correct = rangeTo(N).filter((i) => i !== byzantine);
    const leads = (validator: number): boolean => rangeTo(rounds).some((round) => leaderOf(round) === validator);
    const [x = 0, y = 0, z = 0] = [...correct.filter(leads), ...correct.filter((i) => !leads(i))];
    const graph = (...validators: readonly [number, number, number]): CoreGraph =>
      new CoreGraph(this.#words, validators, parts ?? { stepper: roundStepper, quorum }, max_histories);
    this.#hasTwins = !leads(y) && !leads(z);
    const second = graph(y, x, z);
    this.#graphs = [graph(x, y, z), second, this.#hasTwins ? second : graph(z, x, y)];
    this.#commits = this.#words.values.map((value) =>
      this.#words.anyOf(this.#words.votes.filter((v) => v.type === 'precommit' && v.value === value)),
    );
    for (const vote of this.#words.votes) {
      const cited = vote.type === 'precommit' && vote.value !== null ? vote.round : vote.valid_round;
      if (cited < 0) continue;
      this.#founded.push([this.#words.bit(vote), this.#words.anyOf(this.#words.prevotesFor(vote.value, cited))]);
    }
  }

  run(): Explored {
    do this.#search();
    while (this.#graphs.some(({ isStale }) => isStale) && this.#violations.size === 0);
    const graphs = [...new Set(this.#graphs)];
    const nodes = graphs.flatMap((graph) => graph.nodes);
    return {
      states: this.#seen.size,
      steps: this.#steps,
      nodes: nodes.length,
      histories: nodes.reduce((sum, { histories }) => sum + histories.size, 0),
      runs: graphs.reduce((sum, { runs }) => sum + runs, 0),
      violations: [...this.#violations],
      reached: [...new Set(graphs.flatMap(({ reached }) => [...reached]))].sort(),
    };
  }

  #search(): void {
    const [x, y, z] = this.#graphs;
    for (const graph of this.#graphs) graph.isStale = false;
    this.#seen = new StateSet();
    this.#steps = 0;
    this.#reach(x.first, y.first, z.first);
    for (let i = 0; i < this.#seen.size && this.#violations.size === 0; i++) {
      const state = this.#seen.at(i);
      const rest = Math.floor(state / MAX_NODES);
      const [a, b, c] = [
        nodeOf(x, state % MAX_NODES),
        nodeOf(y, rest % MAX_NODES),
        nodeOf(z, Math.floor(rest / MAX_NODES)),
      ];
      this.#judge(a.words, b.words, c.words);
      this.#goOn(x, a, b.words, c.words, (next) => this.#reach(next, b, c));
      this.#goOn(y, b, a.words, c.words, (next) => this.#reach(a, next, c));
      this.#goOn(z, c, a.words, b.words, (next) => this.#reach(a, b, next));
    }
  }

  #goOn(graph: CoreGraph, from: CoreNode, a: number, b: number, reach: (next: CoreNode) => void): void {
    for (const step of from.steps) {
      if ((a & step.a) !== step.a || (b & step.b) !== step.b) continue;
      const next = step.target ?? this.#take(graph, from, step);
      if (next !== undefined) reach(next);
    }
  }

  #take(graph: CoreGraph, from: CoreNode, step: Step): CoreNode | undefined {
    const target = graph.take(from, step);
    for (const violation of graph.violations) this.#violations.add(violation);
    return target;
  }

  #reach(a: CoreNode, b: CoreNode, c: CoreNode): void {
    const isTurned = this.#hasTwins && b.id > c.id;
    const [second, third] = isTurned ? [c.id, b.id] : [b.id, c.id];
    this.#steps++;
    this.#seen.add(a.id + MAX_NODES * (second + MAX_NODES * third));
  }

  /** Agreement, and that each statement has the polka which it rests on: two correct validators and the Byzantine one make it. */
  #judge(a: number, b: number, c: number): void {
    const said = a | b | c;
    const twice = (a & b) | (a & c) | (b & c);
    for (const [bit, polka] of this.#founded)
      if ((said & bit) !== 0 && (twice & polka) === 0) this.#violations.add('somebody says what no polka allows');
    let decidable = 0;
    for (const commit of this.#commits) if ((twice & commit) !== 0) decidable++;
    if (decidable > 1) this.#violations.add('agreement: two blocks have commits');
  }
}

function nodeOf({ nodes }: CoreGraph, id: number): CoreNode {
  const node = nodes[id];
  assert(node !== undefined && nodes.length < MAX_NODES, 'a state is of three nodes');
  return node;
}
