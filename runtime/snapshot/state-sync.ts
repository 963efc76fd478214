// A node that starts far behind takes up the ledger from a snapshot instead of executing every block. What it trusts is the certificate
// of the header that names the snapshot's root, by the set to which the chain was handed over from the genesis or a checkpoint on.
import { checkCertifiedHeader } from '#machines/consensus/certified-header.ts';
import { type Anchor, judgeStep } from '#machines/consensus/light.ts';
import { linkedHeaders } from '#machines/consensus/range-sync.ts';
import { isRowKey } from '#machines/primitives/state-hashes.ts';
import type { ConsensusMessage } from '#schemas/consensus/message-codec.ts';
import type { SnapshotOffer } from '#schemas/consensus/snapshot-codec.ts';
import type { FinalBlock, Header, Membership } from '#schemas/consensus/types.ts';
import { ROW_CODECS } from '#schemas/settlement/row-codec.ts';
import { accept, type Result, refuse } from '#schemas/wire/codes.ts';
import { MAX_STATE_SYNC_TRIES, MIN_STATE_SYNC_HEIGHTS, STATE_SYNC_RETRY_MS } from '#schemas/wire/limits.ts';
import type { Bus } from '../bus/bus.ts';
import { readTip } from '../consensus/block-store.ts';
import { fetchAnswer, fetchBlocks } from '../consensus/sync-client.ts';
import type { Clock } from '../host/ports.ts';
import { sha256 } from '../keys/sha256.ts';
import { NetworkError } from '../network/network-error.ts';
import type { Log } from '../observe/log.ts';
import type { Store } from '../store/store.ts';
import { fetchChunks } from './chunk-fetch.ts';
import { SetFollower } from './set-follower.ts';
import { manifestBytes } from './snapshot-rows.ts';
import { SyncPeers } from './sync-peers.ts';
import { beginPlan, finishPlan, readPlan, type SyncPlan } from './sync-plan.ts';

export type StateSyncOptions = {
  /** Where trust begins: the genesis, or an operator's checkpoint. */
  readonly anchor: Anchor;
  /** Ids that are this node's own: they are not asked. */
  readonly own: ReadonlySet<string>;
  /** How long a node that has nothing, and finds nobody whom it knows, listens for others, ms: the longest time between two blocks. */
  readonly patience_ms: number;
  readonly store: Store;
  readonly bus: Pick<Bus, 'request' | 'subscribe'>;
  readonly clock: Clock;
  readonly log: Log;
};

/** What a sync under way shares. */
type Sync = StateSyncOptions & { readonly peers: SyncPeers; readonly sets: SetFollower };
type Answers = ReadonlyMap<string, Extract<ConsensusMessage, { type: 'snapshots' }>>;

/** A snapshot, and the validators that say they hold it. */
type Candidate = SnapshotOffer & { readonly peers: string[] };

/** Pause before peers are asked again where nobody answered, ms. */
const DISCOVERY_PAUSE_MS = 250;

/**
 * Before anything reads the ledger: take up a snapshot where this node lacks more than MIN_STATE_SYNC_HEIGHTS, or nobody holds the
 * blocks that it lacks, and somebody serves one. What was begun before a crash goes on: the old rows are gone.
 *
 * @throws NetworkError SNAPSHOT_UNAVAILABLE where it has begun, and nobody gives the rest for long; the next start goes on
 */
export async function syncState(options: StateSyncOptions): Promise<void> {
  const { anchor, store, bus, log } = options;
  const peers = new SyncPeers(options.own, log);
  const sets = new SetFollower({ anchor: anchor.set, store, bus, peers });
  peers.add(await knownMembers(store));
  const listening = peers.listen(bus);
  try {
    await trySync({ ...options, peers, sets });
  } finally {
    listening.close();
  }
}

async function trySync(o: Sync): Promise<void> {
  for (let tries = 0; tries < MAX_STATE_SYNC_TRIES; tries++) {
    const begun = await readPlan(o.store);
    const candidates = await findCandidates(o, await ownHeight(o.store, begun !== undefined));
    if (begun === undefined && candidates.length === 0) return;
    if (await takeUp(o, begun, candidates)) return;
    o.log.warn({ candidates: candidates.length }, 'no validator gives a whole snapshot');
    if ((await readPlan(o.store)) === undefined) return;
    await pause(o.clock, STATE_SYNC_RETRY_MS);
  }
  throw new NetworkError('SNAPSHOT_UNAVAILABLE', `${MAX_STATE_SYNC_TRIES} tries`);
}

/**
 * The snapshots that are worth it: those that most members of the newest set hold first, of these the newest. Where one may be needed,
 * the sets are followed to the newest, and its members asked too.
 */
async function findCandidates(o: Sync, own: number): Promise<Candidate[]> {
  const first = await meet(o, own);
  if (first.size === 0 || (isHeld(first, own) && worthwhile(o, first, own).length === 0)) return [];
  await o.sets.follow();
  const all = [...first, ...(await askAll(o, (id) => !first.has(id)))];
  const answers = new Map(all.filter(([id]) => !o.peers.isLiar(id)));
  const members = new Set(o.sets.newest.validators.map(({ id }) => id));
  const holders = ({ peers }: Candidate): number => peers.filter((id) => members.has(id)).length;
  return worthwhile(o, answers, own).toSorted((a, b) => holders(b) - holders(a) || b.height - a.height);
}

/** Who is there. A validator of the genesis asks once: it may be the first of all. Others wait for somebody, if they have nothing. */
async function meet(o: Sync, own: number): Promise<Answers> {
  const isFirst = o.anchor.block.height === 0 && o.anchor.set.validators.some(({ id }) => o.own.has(id));
  const tries = own > 0 || isFirst ? 0 : Math.ceil(o.patience_ms / DISCOVERY_PAUSE_MS);
  for (let i = 0; ; i++) {
    const answers = await askAll(o, () => true);
    if (answers.size > 0 || i >= tries) return answers;
    await pause(o.clock, DISCOVERY_PAUSE_MS);
  }
}

/** Which snapshots the peers hold. */
async function askAll({ peers, bus }: Sync, isWanted: (id: string) => boolean): Promise<Answers> {
  const answers = new Map<string, Extract<ConsensusMessage, { type: 'snapshots' }>>();
  const ask = async (id: string): Promise<void> => {
    const answer = await fetchAnswer(bus, id, { type: 'snapshots.request' });
    if (answer?.type === 'snapshots') answers.set(id, answer);
    else peers.rest(id);
  };
  await Promise.all(peers.ids.filter(isWanted).map(ask));
  return answers;
}

/** Whether somebody has the next block. */
const isHeld = (answers: Answers, own: number): boolean =>
  [...answers.values()].some(({ lowest_height }) => lowest_height <= own + 1);

/** One below the trusted block is too old, whoever certified it. */
function worthwhile({ anchor }: Sync, answers: Answers, own: number): Candidate[] {
  const candidates = new Map<string, Candidate>();
  for (const [peer, { snapshots }] of answers) {
    for (const offer of snapshots) {
      const name = `${offer.height}/${offer.manifest}`;
      const known = candidates.get(name) ?? { ...offer, peers: [] };
      candidates.set(name, { ...known, peers: [...known.peers, peer] });
    }
  }
  const least = isHeld(answers, own) ? own + MIN_STATE_SYNC_HEIGHTS : own;
  return [...candidates.values()].filter(({ height }) => height > least && height >= anchor.block.height);
}

/** What was begun, from whoever still holds it; else the first candidate that holds what it says. */
async function takeUp(o: Sync, begun: SyncPlan | undefined, candidates: readonly Candidate[]): Promise<boolean> {
  const same =
    begun && candidates.find((one) => one.height === begun.height && one.manifest === nameOf(begun.first_keys));
  if (begun !== undefined && same !== undefined && (await complete(o, begun, same.peers))) return true;
  for (const candidate of candidates.filter((one) => one !== same)) {
    const plan = await planOf(o, candidate);
    if (plan === undefined) continue;
    await beginPlan(o.store, plan);
    if (await complete(o, plan, candidate.peers)) return true;
  }
  return false;
}

async function complete(o: Sync, plan: SyncPlan, peers: readonly string[]): Promise<boolean> {
  const { height, root, first_keys } = plan;
  o.log.info({ height, chunks: first_keys.length, peers: peers.length }, 'taking up a snapshot');
  const onFault = (peer: string, index: number): void => o.log.warn({ peer, index }, 'a chunk is false or missing');
  if (!(await fetchChunks({ store: o.store, bus: o.bus, onFault }, plan, peers))) return false;
  await finishPlan(o.store, plan, Buffer.from(root).toString('hex'));
  o.log.info({ height }, 'snapshot taken up');
  return true;
}

/** The certified root of a snapshot, and where its chunks begin, from the first of its holders that gives both. */
async function planOf(o: Sync, candidate: Candidate): Promise<SyncPlan | undefined> {
  const { height } = candidate;
  for (const peer of candidate.peers) {
    const blocks = await fetchBlocks(o.bus, peer, { first_height: height, last_height: height + 1 });
    const headers = certified(o, height, blocks);
    if (!headers.ok) o.log.warn({ peer, height, code: headers.code, detail: headers.detail }, 'no certified snapshot');
    const [final] = blocks;
    const [, next] = headers.ok ? headers.value : [];
    const first_keys = next && (await manifestOf(o, peer, candidate));
    if (final === undefined || next === undefined || first_keys === undefined) continue;
    return { height, root: Buffer.from(next.state_root, 'hex'), final, first_keys };
  }
  return undefined;
}

/**
 * The headers of the snapshot's block and of the one that names its root, each certified by the set of its height and none against the
 * trusted block. A set that has handed over certifies nothing more.
 */
function certified({ sets, anchor }: Sync, height: number, blocks: readonly FinalBlock[]): Result<readonly Header[]> {
  const headers = linkedHeaders({ sha256 }, blocks);
  if (headers?.length !== 2 || headers[0]?.height !== height) return refuse('RANGE_INVALID', `height ${height}`);
  for (const { block, certificate } of blocks) {
    const set = sets.at(certificate.height);
    if (set === undefined) return refuse('LIGHT_BEHIND', `height ${certificate.height}`);
    const named = checkCertifiedHeader(set, block.header, certificate);
    const step = named.ok
      ? judgeStep({ epoch: set.epoch, validators_hash: set.hash }, anchor.block, named.value)
      : named;
    if (!step.ok) return step;
  }
  return accept(headers);
}

async function manifestOf(
  { bus }: Sync,
  peer: string,
  { height, manifest }: Candidate,
): Promise<readonly string[] | undefined> {
  const answer = await fetchAnswer(bus, peer, { type: 'manifest.request', height });
  if (answer?.type !== 'manifest' || nameOf(answer.first_keys) !== manifest) return undefined;
  const { first_keys } = answer;
  const isOrdered = first_keys.every((key, i) => isRowKey(key) && (i === 0 || key > (first_keys[i - 1] ?? '')));
  return isOrdered && first_keys.length > 0 ? first_keys : undefined;
}

const nameOf = (first_keys: readonly string[]): string =>
  Buffer.from(sha256(manifestBytes(first_keys))).toString('hex');

/** Up to where this node has blocks or the ledger; 0 where it begins. While a snapshot is taken up, the rows tell nothing. */
async function ownHeight(store: Store, isBegun: boolean): Promise<number> {
  const tip = await readTip(store);
  const head = isBegun ? undefined : await store.get('state/head/0');
  return Math.max(tip?.height ?? 0, head === undefined ? 0 : ROW_CODECS.head.decode(head).height);
}

/** The newest set that this node's own ledger knows. */
async function knownMembers(store: Store): Promise<readonly string[]> {
  let newest: Membership | undefined;
  for await (const [, row] of store.scan('state/memberships/')) {
    const membership = ROW_CODECS.memberships.decode(row);
    if (membership.epoch >= (newest?.epoch ?? 0)) newest = membership;
  }
  return newest?.validators.map(({ id }) => id) ?? [];
}

const pause = (clock: Clock, ms: number): Promise<void> =>
  new Promise<void>((resolve) => void clock.setTimer(ms, resolve));
