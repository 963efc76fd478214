// A small deterministic network of cores for tests: one queue, virtual time, real codecs and signatures by a keyed hash.
import { createHash } from 'node:crypto';
import { type Core, createCore } from '#machines/consensus/core.ts';
import type { CoreParts } from '#machines/consensus/core-state.ts';
import { Electorates, electorateOf } from '#machines/consensus/electorate.ts';
import { proposerTable } from '#machines/consensus/proposer.ts';
import type { Application, CoreConfig, CoreEffect, Crypto, Input } from '#machines/consensus/types.ts';
import { inputOf } from '#runtime/consensus/input-codec.ts';
import type {
  CommitConflict,
  Evidence,
  FinalBlock,
  Membership,
  Proposal,
  SignedProposal,
  SignedVote,
  ValidatorSet,
  Vote,
} from '#schemas/consensus/types.ts';
import { proposalSignBytes, voteSignBytes } from '#schemas/consensus/vote-codec.ts';

export const CHAIN = 'c'.repeat(64);
const hash = (...parts: (string | Uint8Array)[]): Buffer =>
  parts.reduce((h, part) => h.update(part), createHash('sha256')).digest();

/** Signatures that only this module makes: SHA-512 sized, over key and message. */
export const sign = (key: string, message: Uint8Array): Uint8Array => {
  const half = hash(key, message);
  return new Uint8Array(Buffer.concat([half, half]));
};
export const crypto: Crypto = {
  sha256: (data) => new Uint8Array(hash(data)),
  verify: (key, message, signature) => Buffer.compare(sign(key, message), signature) === 0,
  verifyBeacon: () => true,
};

export const validatorSet = (count: number): ValidatorSet =>
  Array.from({ length: count }, (_, i) => ({
    id: hash(`id ${i}`).toString('hex'),
    operator: hash(`operator ${i}`).toString('hex'),
    power: 1,
    beacon_shares: [],
    cosigner: hash(`cosigner ${i}`).toString('hex'),
    encryption_key: hash(`encryption ${i}`).toString('hex'),
  }));

/** Seeds by number of members. */
const seeds = new Map<number, string>();

/** A seed under which at most seven members with a seat each propose in their order; any seed for more. */
function seedInOrder(validators: ValidatorSet): string {
  const { length } = validators;
  for (let i = 0; !seeds.has(length); i++) {
    const proposer_seed = hash(`seed ${i}`).toString('hex');
    const table = proposerTable({
      validators: validators.map((v) => ({ ...v, power: 1 })),
      proposer_seed,
      first_height: 1,
    });
    if (length > 7 || table.every((member, turn) => member === turn)) seeds.set(length, proposer_seed);
  }
  return seeds.get(length) ?? '';
}

/** The first epoch of a network of these validators: height 1 is led by 0, 1, 2 … in rounds 0, 1, 2 … */
export const membershipOf = (validators: ValidatorSet, beacon_key: string | null = null): Membership => ({
  epoch: 0,
  first_height: 1,
  validators,
  beacon_key,
  proposer_seed: seedInOrder(validators),
});

export const signVote = (set: ValidatorSet, vote: Vote, chain = CHAIN): SignedVote => ({
  ...vote,
  signature: sign(set[vote.validator]?.id ?? '', voteSignBytes(chain, vote)),
});
export const signProposal = (set: ValidatorSet, proposal: Proposal): SignedProposal => ({
  ...proposal,
  signature: sign(set[proposal.validator]?.id ?? '', proposalSignBytes(CHAIN, proposal)),
});

/** An application whose state is the hash of all that was executed. */
export class HashApp implements Application {
  pool: Uint8Array[] = [];
  root = '0'.repeat(64);
  readonly #epochs: readonly [Membership, ...Membership[]];
  /** @param later epochs, in order of their first heights */
  constructor(membership: Membership, ...later: readonly Membership[]) {
    this.#epochs = [membership, ...later];
  }
  membership(height = 1): Membership {
    return this.#epochs.findLast(({ first_height }) => first_height <= height) ?? this.#epochs[0];
  }
  prepare(): readonly Uint8Array[] {
    return [...this.pool];
  }
  validate(txs: readonly Uint8Array[]): boolean {
    return txs.every((tx) => tx.length > 0);
  }
  execute(_header: unknown, txs: readonly Uint8Array[]): { state_root: string } {
    const done = new Set(txs.map((tx) => Buffer.from(tx).toString('hex')));
    this.pool = this.pool.filter((tx) => !done.has(Buffer.from(tx).toString('hex')));
    this.root = hash(this.root, ...txs).toString('hex');
    return { state_root: this.root };
  }
  hasWork(): boolean {
    return this.pool.length > 0;
  }
}

/** Of a network whose set stays. */
export const electoratesOf = (height: number, membership: Membership): Electorates =>
  new Electorates(
    height,
    () => membership,
    (each) => electorateOf(CHAIN, each, crypto),
  );

export const configOf = (set: ValidatorSet, self: number, app: Application): CoreConfig => ({
  chain: CHAIN,
  self: set[self]?.id ?? '',
  tip: { height: 0, id: '0'.repeat(64), time_ms: 0, state_root: '0'.repeat(64) },
  timeouts: { propose_ms: 400, vote_ms: 200, rebroadcast_ms: 500, cap_ms: 10_000 },
  min_block_interval_ms: 0,
  max_block_interval_ms: 5_000,
  crypto,
  app,
});

export type Node = {
  core: Core;
  readonly config: CoreConfig;
  readonly app: HashApp;
  readonly finals: FinalBlock[];
  /** Recorded inputs of the current height. */
  log: Input[];
  readonly evidence: Evidence[];
  readonly votes: SignedVote[];
  readonly halts: string[];
  readonly conflicts: CommitConflict[];
  readonly refusals: string[];
  isDown: boolean;
};

type Event = {
  readonly at_ms: number;
  readonly order: number;
  readonly to: number;
  readonly input: Input;
  readonly isTimer: boolean;
};

/** Whether a message reaches a node. */
export type Filter = (from: number, to: number, input: Input) => boolean;

/** What a node answers to a request for these blocks of its own; undefined: nothing. */
export type RangeAnswer = (from: number, blocks: readonly FinalBlock[]) => readonly FinalBlock[] | undefined;

/** `run()` delivers events in order of time until there is nothing left to do before `until_ms`. */
export class Network {
  readonly nodes: Node[];
  readonly set: ValidatorSet;
  readonly delay_ms: number;
  filter: Filter = () => true;
  answer: RangeAnswer = (_from, blocks) => blocks;
  now_ms = 1_000;
  readonly #events: Event[] = [];
  readonly #timers = new Map<string, number>();
  readonly #parts: CoreParts | undefined;
  #order = 0;

  /** @param options.epochs of these validators: one of all of them, if absent */
  constructor(
    count: number,
    options: {
      readonly delay_ms?: number;
      readonly parts?: CoreParts;
      readonly epochs?: (set: ValidatorSet) => readonly Membership[];
      /** What they agree on: the hash chain, if absent. */
      readonly app?: (self: number) => HashApp;
    } = {},
  ) {
    this.set = validatorSet(count);
    this.delay_ms = options.delay_ms ?? 1;
    this.#parts = options.parts;
    const [first = membershipOf(this.set), ...later] = options.epochs?.(this.set) ?? [];
    this.nodes = this.set.map((_, i) => {
      const app = options.app?.(i) ?? new HashApp(first, ...later);
      const config = configOf(this.set, i, app);
      const core = createCore(config, options.parts);
      return {
        core,
        config,
        app,
        finals: [],
        log: [],
        evidence: [],
        votes: [],
        halts: [],
        conflicts: [],
        refusals: [],
        isDown: false,
      };
    });
  }

  node(i: number): Node {
    const node = this.nodes[i];
    if (node === undefined) throw new RangeError(`no node ${i}`);
    return node;
  }

  /** Start all nodes. */
  start(): this {
    for (const i of this.nodes.keys()) this.input(i, { type: 'started', now_ms: this.now_ms });
    return this;
  }

  /** A transaction reaches every node that is up. */
  submit(text: string): void {
    for (const [i, node] of this.nodes.entries()) {
      node.app.pool.push(new TextEncoder().encode(text));
      if (!node.isDown) this.input(i, { type: 'work.arrived', now_ms: this.now_ms });
    }
  }

  /** Deliver everything up to `until_ms`, or until `isDone`. */
  run(until_ms: number, isDone: () => boolean = () => false): void {
    while (!isDone()) {
      const event = this.#pop(until_ms);
      if (event === undefined) break;
      this.now_ms = event.at_ms;
      if (!event.isTimer || this.#isDue(event)) this.input(event.to, { ...event.input, now_ms: event.at_ms });
    }
    if (!isDone()) this.now_ms = Math.max(this.now_ms, until_ms);
  }

  /** Step one node and carry out its effects; own statements come back at once, as in a turn. */
  input(to: number, input: Input): void {
    const node = this.node(to);
    if (node.isDown) return;
    const queue = [...node.core.step(input)];
    for (let effect = queue.shift(); effect !== undefined; effect = queue.shift()) {
      const own = this.#perform(to, node, effect);
      if (own !== undefined) queue.push(...node.core.step(own));
    }
  }

  /** A second core made from what is durable: the tip and the log of the height. */
  replayed(i: number): { readonly core: Core; readonly timers: readonly CoreEffect[] } {
    const node = this.node(i);
    const final = node.finals.at(-1);
    const tip = final === undefined ? node.config.tip : { ...node.core.tip, final };
    const core = createCore({ ...node.config, tip }, this.#parts);
    return { core, timers: core.restore(node.log) };
  }

  /** Throw the core away and go on with the replayed one. */
  restart(i: number): void {
    const { core, timers } = this.replayed(i);
    this.node(i).core = core;
    for (const effect of timers) this.#perform(i, this.node(i), effect);
  }

  #perform(self: number, node: Node, effect: CoreEffect): Input | undefined {
    const { now_ms } = this;
    switch (effect.type) {
      case 'record':
        node.log.push(effect.input);
        return undefined;
      case 'vote': {
        const vote = { ...effect.vote, signature: sign(this.#idOf(self), voteSignBytes(CHAIN, effect.vote)) };
        node.votes.push(vote);
        this.cast(self, { type: 'vote.received', vote, now_ms });
        return { type: 'vote.received', vote, now_ms };
      }
      case 'propose': {
        const proposal = {
          ...effect.proposal,
          signature: sign(this.#idOf(self), proposalSignBytes(CHAIN, effect.proposal)),
        };
        const polka = effect.polka === undefined ? {} : { polka: effect.polka };
        const message = { type: 'proposal', proposal, ...polka, block: effect.block } as const;
        for (const piece of node.core.cutter.pieces(message)) {
          const input = inputOf(piece, now_ms, this.#idOf(self));
          if (input !== undefined) this.cast(self, input);
        }
        return { ...message, type: 'proposal.received', now_ms };
      }
      case 'publish.certificate': {
        const block = effect.block === undefined ? {} : { block: effect.block };
        this.cast(self, { type: 'certificate.received', certificate: effect.certificate, ...block, now_ms });
        return undefined;
      }
      case 'publish.status':
        this.cast(self, { type: 'status.received', from: this.#idOf(self), status: effect.status, now_ms });
        return undefined;
      case 'rebroadcast':
        for (const vote of node.votes.filter((v) => v.height === node.core.position.height))
          this.cast(self, { type: 'vote.received', vote, now_ms });
        return undefined;
      case 'timer.set':
        this.#timers.set(`${self}/${effect.id}`, effect.at_ms);
        this.#push({
          at_ms: Math.max(effect.at_ms, now_ms),
          to: self,
          input: { type: 'timer.fired', id: effect.id, now_ms },
          isTimer: true,
        });
        return undefined;
      case 'timer.cancel':
        this.#timers.delete(`${self}/${effect.id}`);
        return undefined;
      case 'decided':
        node.finals.push(effect.final);
        node.log = [];
        return undefined;
      case 'part.request': {
        const peer = this.set.findIndex(({ id }) => id === effect.peer);
        const part = this.node(peer).core.part(effect.value, effect.index);
        if (part !== undefined) this.send(peer, self, { type: 'part.received', from: effect.peer, part, now_ms });
        return undefined;
      }
      case 'sync.request': {
        const peer = this.set.findIndex(({ id }) => id === effect.peer);
        const held = this.node(peer).finals.slice(effect.first_height - 1, effect.last_height);
        const blocks = this.answer(peer, held);
        if (blocks !== undefined) this.send(peer, self, { type: 'blocks.synced', from: effect.peer, blocks, now_ms });
        return undefined;
      }
      case 'evidence.found':
        node.evidence.push(effect.evidence);
        return undefined;
      case 'halt':
        node.halts.push(effect.code);
        if (effect.conflict === undefined) return undefined;
        node.conflicts.push(effect.conflict);
        this.cast(self, { type: 'conflict.received', conflict: effect.conflict, now_ms });
        return undefined;
      case 'refused':
        node.refusals.push(effect.code);
        return undefined;
      case 'beacon.release':
        return undefined;
    }
  }

  #idOf(i: number): string {
    return this.set[i]?.id ?? '';
  }

  /** To every other node. */
  cast(from: number, input: Input): void {
    for (const to of this.nodes.keys()) if (to !== from) this.send(from, to, input);
  }

  send(from: number, to: number, input: Input): void {
    if (!this.node(from).isDown && this.filter(from, to, input))
      this.#push({ at_ms: this.now_ms + this.delay_ms, to, input, isTimer: false });
  }

  #push(event: Omit<Event, 'order'>): void {
    this.#events.push({ ...event, order: this.#order++ });
  }

  #isDue({ to, input, at_ms }: Event): boolean {
    const key = input.type === 'timer.fired' ? `${to}/${input.id}` : '';
    const isDue = (this.#timers.get(key) ?? Infinity) <= at_ms;
    if (isDue) this.#timers.delete(key);
    return isDue;
  }

  #pop(until_ms: number): Event | undefined {
    let best = -1;
    for (const [i, event] of this.#events.entries()) {
      const other = this.#events[best];
      if (
        other === undefined ||
        event.at_ms < other.at_ms ||
        (event.at_ms === other.at_ms && event.order < other.order)
      )
        best = i;
    }
    const event = this.#events[best];
    if (event === undefined || event.at_ms > until_ms) return undefined;
    this.#events.splice(best, 1);
    return event;
  }
}
