// A ledger's rows and the certified blocks about them, validators that serve snapshots of them, each in its way, and a node that wants one.
import { blockId, txsRoot } from '#machines/consensus/block-rules.ts';
import { type Electorate, electorateOf } from '#machines/consensus/electorate.ts';
import { type Anchor, GENESIS_BLOCK } from '#machines/consensus/light.ts';
import { StateTree } from '#machines/primitives/state-tree.ts';
import { MemoryBroker } from '#runtime/bus/memory-bus.ts';
import { finalOps } from '#runtime/consensus/block-store.ts';
import { handoverOp } from '#runtime/consensus/handover-rows.ts';
import { serveSync } from '#runtime/consensus/sync-server.ts';
import { sha256 } from '#runtime/keys/sha256.ts';
import { createLog } from '#runtime/observe/log.ts';
import { SnapshotWriter } from '#runtime/snapshot/snapshot-writer.ts';
import { syncState } from '#runtime/snapshot/state-sync.ts';
import { MemoryDisk, openMemoryStore } from '#runtime/store/memory-store.ts';
import type { Store, StoreOp } from '#runtime/store/store.ts';
import { encodeHeader } from '#schemas/consensus/block-codec.ts';
import { LayoutWriter } from '#schemas/consensus/fixed-layout.ts';
import type { Handover } from '#schemas/consensus/handover-codec.ts';
import { encodeMembership } from '#schemas/consensus/membership-codec.ts';
import {
  type ConsensusMessage,
  decodeConsensusMessage,
  encodeConsensusMessage,
} from '#schemas/consensus/message-codec.ts';
import { rowsBytes, type StateChunk, sidesBytes, writeRows, writeSides } from '#schemas/consensus/snapshot-codec.ts';
import type { FinalBlock, Header, Membership, ValidatorSet } from '#schemas/consensus/types.ts';
import { encodeRow, ROW_CODECS } from '#schemas/settlement/row-codec.ts';
import { SNAPSHOT_HEIGHTS } from '#schemas/wire/limits.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { realClock } from '../consensus/hosts.ts';
import { CHAIN, crypto, membershipOf, signVote, validatorSet } from '../consensus/network.ts';

export const SET = validatorSet(4);
const CRYPTO = { ...crypto, sha256 };
/** The genesis' set, and two later ones: of epoch 1 half are new, of epoch 2 nobody was there at first. */
const EVERYBODY = validatorSet(8);
const later = (epoch: number, first_height: number, validators: ValidatorSet): Membership => ({
  ...membershipOf(validators),
  epoch,
  first_height,
});
export const MEMBERSHIPS: readonly Membership[] = [
  membershipOf(SET),
  later(1, 400, EVERYBODY.slice(2, 6)),
  later(2, 700, EVERYBODY.slice(4, 8)),
];
const ELECTORATES = MEMBERSHIPS.map((membership) => electorateOf(CHAIN, membership, CRYPTO));
export const ELECTORATE = ELECTORATES[0] as Electorate;
export const LATEST = ELECTORATES[2] as Electorate;
/** Whose votes count at a height: in a network whose set stays, or of which it changed. */
const electorateAt = (height: number, changes: boolean): Electorate =>
  (changes ? ELECTORATES : [ELECTORATE]).findLast(({ first_height }) => first_height <= height) ?? ELECTORATE;
const LOG = createLog('test', 'silent');
/** Longer than any test: who waits does so for somebody, not for its end. */
const PATIENCE_MS = 120_000;

/** Changes an answer; undefined: there is none. */
export type Lie = (answer: ConsensusMessage, question: ConsensusMessage) => ConsensusMessage | undefined;

/** A chunk as it travels. */
export const encodeChunk = (chunk: StateChunk): Uint8Array =>
  writeSides(writeRows(new LayoutWriter(rowsBytes(chunk.rows) + sidesBytes(chunk)), chunk.rows), chunk).bytes;

/** Rows as of a checkpoint at `height`: `count` large ones, so that they make several chunks. */
export function rowsAt(height: number, count: number): Map<string, Uint8Array> {
  const head = { height, time_ms: height, pool_version: 0, settlements_count: 0, unsettled_height: 0 };
  const rows = new Map([['head/0', encodeRow(ROW_CODECS.head, head)]]);
  for (let i = 0; i < count; i++)
    rows.set(`proofs/${String(i).padStart(4, '0')}`, new Uint8Array(60_000).fill((height + i) % 256));
  return rows;
}

export function rootOf(rows: ReadonlyMap<string, Uint8Array>): string {
  const tree = new StateTree(sha256);
  tree.update(Array.from(rows, ([key, value]) => ({ key, value })));
  return Buffer.from(tree.root()).toString('hex');
}

/** A certified empty block; `by` a set that should not decide it, where a test wants that. */
export function blockAt(
  height: number,
  {
    changes = false,
    by = electorateAt(height, changes),
    ...bend
  }: Partial<Header> & { changes?: boolean; by?: Electorate },
): FinalBlock {
  const next = electorateAt(height + 1, changes);
  const header = encodeHeader({
    v: 1,
    chain: CHAIN,
    epoch: by.epoch,
    height,
    time_ms: height,
    proposer: 0,
    previous: 'e'.repeat(64),
    txs_root: txsRoot({ sha256 }, []),
    state_root: '0'.repeat(64),
    parts_hash: '0'.repeat(64),
    beacon: new Uint8Array(0),
    validators_hash: by.hash,
    next_validators_hash: next.hash,
    ...bend,
  });
  const value = blockId({ sha256 }, header);
  const votes = [0, 1, 2].map((validator) =>
    signVote(by.validators, {
      type: 'precommit',
      epoch: by.epoch,
      height,
      round: 0,
      value,
      valid_round: -1,
      validator,
    }),
  );
  return { block: { header, txs: [] }, certificate: { type: 'commit', height, round: 0, value, votes } };
}

/** Certified empty blocks at `height` and the one after, which names the root of the rows. */
function blocksAt(height: number, state_root: string, changes: boolean): FinalBlock[] {
  const first = blockAt(height, { state_root, changes });
  return [first, blockAt(height + 1, { state_root, changes, previous: first.certificate.value ?? '' })];
}

/** How the set of this epoch took over, by the last block of the one before. */
export function handoverTo(epoch: number, last?: FinalBlock): Handover {
  const membership = MEMBERSHIPS[epoch] as Membership;
  const { block, certificate } = last ?? blockAt(membership.first_height - 1, { changes: true });
  return { header: block.header, certificate, membership: encodeMembership(membership) };
}

export const stateOps = (rows: ReadonlyMap<string, Uint8Array>): StoreOp[] =>
  Array.from(rows, ([key, value]) => ({ type: 'put', key: `state/${key}`, value }));

/** The ledger's rows in a store. */
export async function stateOf(store: Store): Promise<Map<string, Uint8Array>> {
  const rows = new Map<string, Uint8Array>();
  for await (const [key, value] of store.scan('state/')) rows.set(key.slice('state/'.length), value);
  return rows;
}

/** A store with a checkpoint's rows, its blocks, and the snapshot that a validator makes of it; where the set changed, how it did too. */
export async function storeWithSnapshot(
  height: number,
  rows: ReadonlyMap<string, Uint8Array>,
  changes = false,
): Promise<Store> {
  const store = openMemoryStore(new MemoryDisk());
  const state_root = rootOf(rows);
  const writer = new SnapshotWriter({ store, clock: realClock, log: LOG });
  writer.hear({ height: SNAPSHOT_HEIGHTS - 1, state_root: '' }, true);
  await store.append(stateOps(rows));
  for (const [i, final] of blocksAt(height, state_root, changes).entries()) {
    const id = final.certificate.value ?? '';
    await store.append(finalOps({ height: height + i, id, time_ms: height + i, state_root }, final));
  }
  writer.hear({ height, state_root: '' }, true);
  writer.hear({ height: height + 1, state_root }, false);
  await writer.settled();
  if (changes) await store.append([1, 2].map((epoch) => handoverOp(epoch, handoverTo(epoch))));
  return store;
}

export class Servers {
  readonly broker = new MemoryBroker();
  /** Questions that each validator got. */
  readonly asked = EVERYBODY.map((): ConsensusMessage[] => []);
  readonly #changes: boolean;
  #onAsked = (_question: ConsensusMessage): void => undefined;
  readonly #closes: (() => void)[] = [];

  /** @param changes whether the set of this network changed */
  constructor(changes = false) {
    this.#changes = changes;
  }

  /** Validator `i` serves what is in this store, or lies about it. */
  serve(i: number, store: Store, lie: Lie = (answer) => answer): void {
    const id = EVERYBODY[i]?.id ?? '';
    const honest = `honest ${i}`;
    const bus = this.broker.connect(id);
    const nothing = () => undefined;
    const electorate = (height: number): Electorate => electorateAt(height, this.#changes);
    const ports = { store, electorate, position: nothing, part: nothing, onRefused: nothing };
    const served = serveSync(bus, honest, ports);
    const front = bus.subscribe(subject.sync(id), ({ data, respond }) => {
      const question = decodeConsensusMessage(data);
      if (!question.ok) return;
      this.asked[i]?.push(question.value);
      this.#onAsked(question.value);
      const reply = (bytes: Uint8Array): void => {
        const answer = decodeConsensusMessage(bytes);
        const said = answer.ok ? lie(answer.value, question.value) : undefined;
        if (said !== undefined) respond?.(encodeConsensusMessage(said));
      };
      void bus.request(subject.sync(honest), data, 1_000).then(reply, () => undefined); // it has left
    });
    this.#closes.push(
      () => served.close(),
      () => front.close(),
    );
  }

  leave(): void {
    for (const close of this.#closes.splice(0)) close();
  }

  /** Resolves when somebody asks such a question. */
  until(isWanted: (question: ConsensusMessage) => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#onAsked = (question) => {
        if (isWanted(question)) resolve();
      };
    });
  }

  /** A node that starts with this store. */
  sync(store: Store, clock = realClock, anchor: Anchor = { set: ELECTORATE, block: GENESIS_BLOCK }): Promise<void> {
    const own = new Set(this.#changes ? [] : [SET[3]?.id ?? '']);
    return syncState({
      anchor,
      own,
      patience_ms: PATIENCE_MS,
      store,
      bus: this.broker.connect('fresh'),
      clock,
      log: LOG,
    });
  }

  /** Validator `i` announces a block to everybody. */
  announce(i: number): void {
    const id = EVERYBODY[i]?.id ?? '';
    this.broker.connect(id).cast(subject.block(id), new Uint8Array(1));
  }
}
