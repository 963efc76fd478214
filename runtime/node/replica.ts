// A node's own copy of the ledger: it checks and executes final blocks, and fetches what it missed.

import { Electorates, electorateOf } from '#machines/consensus/electorate.ts';
import { present } from '#machines/primitives/assert.ts';
import {
  createTreelessLedger,
  type Ledger,
  type LedgerBlock,
  openTreelessLedger,
  type TreelessLedger,
} from '#machines/settlement/ledger.ts';
import type { BlockChanges } from '#machines/settlement/types.ts';
import { decodeConsensusMessage, decodeFinalBlock } from '#schemas/consensus/message-codec.ts';
import type { CommitConflict, FinalBlock, ValidatorSet } from '#schemas/consensus/types.ts';
import type { LedgerEvent } from '#schemas/settlement/state.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { MAX_SYNC_BLOCKS } from '#schemas/wire/limits.ts';
import { subject } from '#schemas/wire/subjects.ts';
import type { Bus } from '../bus/bus.ts';
import { fetchRange } from '../consensus/sync-client.ts';
import type { Clock } from '../host/ports.ts';
import type { Chain } from '../network/genesis-file.ts';
import type { Log } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { Store } from '../store/store.ts';
import { productionCrypto } from './crypto.ts';
import { type CheckedBlock, checkFinalBlock, ledgerBlock } from './final-blocks.ts';
import { type ElectorateOf, ForkWatch } from './fork-watch.ts';
import { readLedgerRows } from './ledger-rows.ts';
import { LedgerWriter } from './ledger-writer.ts';
import { loadLedger, requireState } from './stored-ledger.ts';

/** A block that was executed here. */
export type ExecutedBlock = {
  readonly checked: CheckedBlock;
  readonly result: BlockChanges;
  /** Its transactions, decoded; null for one that is malformed. */
  readonly txs: () => LedgerBlock['txs'];
  readonly received_ms: number;
};

export type Replica<L extends TreelessLedger = Ledger> = {
  readonly ledger: L;
  /** Begin to follow the chain. */
  start(): void;
  /** Resolves when the events of every executed block are in the store. @throws StoreError STORE_WRITE_FAILED */
  write(): Promise<void>;
  /** Follow no more, and leave the last checkpoint in the store. @throws StoreError STORE_WRITE_FAILED */
  close(): Promise<void>;
};

export type ReplicaOptions = {
  readonly chain: Chain;
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Whether some actor of this node would hear the event: the others do not wait for anyone on disk. */
  readonly hears: (event: LedgerEvent) => boolean;
  /** Called in height order and at once: nobody finds in the ledger what was not told. The block may not be in the store yet. */
  readonly onBlock: (block: ExecutedBlock) => void;
  /** The proof of a fork, before the failure that it is told as. */
  readonly keepConflict: (conflict: CommitConflict) => Promise<void>;
  /** The store failed, or a quorum certified what this node knows to be false: the process must end. */
  readonly onFailure: (error: unknown) => void;
};

/** How long the network may be silent before a validator is asked, ms: a little more than the idle interval. */
const SILENCE_SLACK_MS = 1_000;
/** Checked blocks kept until the ones before them arrive. */
const MAX_EARLY_BLOCKS = 256;

/** The ledger as of the stored checkpoint; from its start on it follows the chain, and checks every state root that a quorum certified. */
export async function openReplica(options: ReplicaOptions): Promise<Replica> {
  const ledger = await loadLedger(options.chain, productionCrypto, options.store);
  return follow(options, ledger, () => ledger.stateRoot());
}

/**
 * The same at lower cost, without the tree over the rows: it executes every certified block but cannot tell whether
 * its state is the certified one, so that a fault of its own disk or memory goes unnoticed, and it cannot prove a row.
 */
export async function openTreelessReplica(options: ReplicaOptions): Promise<Replica<TreelessLedger>> {
  const { chain, store } = options;
  const crypto = productionCrypto;
  const rows = await readLedgerRows(store);
  const ledger =
    rows.length === 0
      ? createTreelessLedger(chain.genesis, chain.id, crypto)
      : openTreelessLedger(chain.genesis, chain.id, crypto, rows);
  return follow(options, ledger, undefined);
}

function follow<L extends TreelessLedger>(options: ReplicaOptions, ledger: L, stateRoot: StateRoot): Replica<L> {
  const follower = new Follower(options, ledger, stateRoot);
  return {
    ledger,
    start: () => follower.start(),
    write: () => follower.write(),
    async close() {
      follower.close();
      await follower.write();
    },
  };
}

/** The root of the own state, where the ledger keeps its tree. */
type StateRoot = (() => string) | undefined;

class Follower {
  readonly #o: ReplicaOptions;
  readonly #ledger: TreelessLedger;
  readonly #stateRoot: StateRoot;
  /** As the own ledger has them: a set may change with any block. */
  readonly #electorates: Electorates;
  /** Checked blocks that wait for their turn, by height; the next one is executed as soon as it is here. */
  readonly #early = new Map<number, { readonly checked: CheckedBlock; readonly received_ms: number }>();
  readonly #writer: LedgerWriter;
  readonly #forks: ForkWatch;
  readonly #subscriptions: { close(): void }[] = [];
  #isWorking = false;
  #isSyncing = false;
  #isClosed = false;
  #asked_count = 0;
  #cancelSilence = (): void => undefined;

  constructor(options: ReplicaOptions, ledger: TreelessLedger, stateRoot: StateRoot) {
    this.#o = options;
    this.#ledger = ledger;
    this.#stateRoot = stateRoot;
    this.#electorates = new Electorates(
      ledger.height(),
      (height) => ledger.membership(height),
      (membership) => electorateOf(options.chain.id, membership, productionCrypto),
    );
    const find: ElectorateOf = (height, epoch) => this.#electorates.find(height, epoch);
    this.#forks = new ForkWatch(find, { ...options, onFailure: (error) => this.#fail(error) });
    this.#writer = new LedgerWriter(options.store, (error) => this.#fail(error));
  }

  start(): void {
    this.#subscriptions.push(
      this.#o.bus.subscribe(subject.blockAll, ({ data }) => this.#hear(data)),
      this.#o.bus.subscribe(subject.conflictAll, ({ data }) => void this.#forks.hear(data)),
    );
    this.#o.bus.onConnect(() => void this.#catchUp());
    this.#awaitNoise();
  }

  write(): Promise<void> {
    return this.#writer.write();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelSilence();
    for (const subscription of this.#subscriptions) subscription.close();
  }

  #hear(data: Uint8Array): void {
    const final = decodeFinalBlock(data);
    if (!final.ok && isCertificate(data)) return void this.#catchUp();
    if (!final.ok) return this.#refuse(final.code);
    if (this.#early.size >= MAX_EARLY_BLOCKS) return void this.#catchUp();
    this.#keep(final.value);
    void this.#work();
  }

  /** Checked before it is kept: a forged block must not take the place of the true one. */
  #keep(final: FinalBlock): void {
    const { height } = final.certificate;
    const early = this.#early.get(height);
    void this.#forks.compare(final.certificate, early?.checked.final.certificate);
    if (height <= this.#ledger.height() || early !== undefined) return;
    const electorate = this.#electorates.find(height, final.certificate.votes[0]?.epoch);
    if (electorate === undefined) return void this.#catchUp();
    const checked = checkFinalBlock(electorate, final);
    if (checked.ok) this.#early.set(height, { checked: checked.value, received_ms: this.#o.clock.now_ms() });
    else this.#refuse(checked.code);
  }

  #refuse(code: Code): void {
    this.#o.metrics.add('sortition_host_refusals_total', 1, code);
  }

  /** Execute what is next, one batch of consecutive blocks after another. */
  async #work(): Promise<void> {
    if (this.#isWorking || this.#isClosed) return;
    this.#isWorking = true;
    try {
      // What arrived while it looked is looked at before it rests: nobody else would wake it.
      while (!this.#isClosed && this.#hasNext()) await this.#executeNext();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isWorking = false;
    }
    if (this.#early.size > 0 && !this.#hasNext()) void this.#catchUp();
  }

  #fail(error: unknown): void {
    this.close();
    this.#o.onFailure(error);
  }

  /** Whether the next block is here. One that a quorum put on another block than ours is none: it leads to the proof of a fork. */
  #hasNext(): boolean {
    const height = this.#ledger.height() + 1;
    const next = this.#early.get(height);
    if (next === undefined) return false;
    // It was checked by the last set that was known then: another one may decide this height.
    const [vote] = next.checked.final.certificate.votes;
    const isOfItsSet = vote?.epoch === this.#electorates.at(height).epoch;
    if (isOfItsSet && this.#forks.follows(next.checked)) return true;
    this.#early.delete(height);
    this.#refuse('RANGE_INVALID');
    return false;
  }

  async #executeNext(): Promise<void> {
    const block = this.#take();
    const { height, time_ms } = block.checked.header;
    const events = block.result.events.filter(this.#o.hears);
    const noted = this.#writer.note(block.result.changes, { height, time_ms, events });
    this.#o.metrics.set('sortition_consensus_height', height);
    this.#o.onBlock(block);
    this.#awaitNoise();
    await noted;
  }

  /** The next block, which is here, executed. */
  #take(): ExecutedBlock {
    const height = this.#ledger.height() + 1;
    const { checked, received_ms } = present(this.#early.get(height), 'the next block is here');
    this.#early.delete(height);
    requireState(checked.header, this.#stateRoot?.() ?? checked.header.state_root);
    const block = ledgerBlock(checked);
    this.#forks.executed(checked);
    const result = this.#ledger.executeBlock(block);
    this.#electorates.advance(height);
    return { checked, result, txs: () => block.txs, received_ms };
  }

  /** Nothing was heard for longer than the network is ever silent: ask. */
  #awaitNoise(): void {
    this.#cancelSilence();
    if (this.#isClosed) return;
    const silence_ms = this.#o.chain.genesis.params.max_block_interval_ms + SILENCE_SLACK_MS;
    this.#cancelSilence = this.#o.clock.setTimer(silence_ms, () => {
      void this.#catchUp();
      this.#awaitNoise();
    });
  }

  /**
   * Ask validators for the blocks after ours until none has more: while the answers are full for several ranges at once, each of
   * another one. What one of them withholds the next is asked for.
   */
  async #catchUp(): Promise<void> {
    if (this.#isSyncing || this.#isClosed) return;
    this.#isSyncing = true;
    try {
      for (let idle = 0, ranges = 1; idle < this.#peers.length && !this.#isClosed; ) {
        const next = this.#ledger.height() + 1;
        const firsts = Array.from({ length: ranges }, (_, i) => next + i * MAX_SYNC_BLOCKS);
        await Promise.all(firsts.map((first_height) => this.#askForRange(first_height)));
        await this.#work();
        const got_count = this.#ledger.height() + 1 - next;
        idle = got_count > 0 ? 0 : idle + 1;
        ranges = got_count < MAX_SYNC_BLOCKS ? 1 : Math.min(MAX_EARLY_BLOCKS / MAX_SYNC_BLOCKS, this.#peers.length);
      }
    } finally {
      this.#isSyncing = false;
    }
  }

  /** The newest set that is known. */
  get #peers(): ValidatorSet {
    return this.#electorates.at(this.#ledger.height() + 2).validators;
  }

  async #askForRange(first_height: number): Promise<void> {
    const peer = this.#peers[this.#asked_count++ % this.#peers.length];
    if (peer === undefined) return;
    const last_height = first_height + MAX_SYNC_BLOCKS - 1;
    const range = await fetchRange(this.#o.bus, peer.id, { first_height, last_height });
    if (range === undefined) return;
    if (!range.ok || range.value.type !== 'range') return this.#refuse(range.ok ? 'RANGE_INVALID' : range.code);
    for (const final of range.value.blocks) this.#keep(final);
  }
}

/** What a validator tells of a block that is larger than a message. */
function isCertificate(data: Uint8Array): boolean {
  const message = decodeConsensusMessage(data);
  return message.ok && message.value.type === 'certificate';
}
