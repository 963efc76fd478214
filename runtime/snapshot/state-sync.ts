// A node that starts far behind takes up the ledger from a snapshot instead of executing every block. What it trusts is the certificate
// of the header that names the snapshot's root.
import { checkCertificate } from '#machines/consensus/certificate-rules.ts';
import type { Electorate } from '#machines/consensus/electorate.ts';
import { isProvenBy, linkedHeaders } from '#machines/consensus/range-sync.ts';
import { isRowKey } from '#machines/primitives/state-hashes.ts';
import type { SnapshotOffer } from '#schemas/consensus/snapshot-codec.ts';
import type { FinalBlock, Header } from '#schemas/consensus/types.ts';
import { ROW_CODECS } from '#schemas/settlement/row-codec.ts';
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
import { manifestBytes } from './snapshot-rows.ts';
import { beginPlan, finishPlan, readPlan, type SyncPlan } from './sync-plan.ts';

export type StateSyncOptions = {
  /** Validators to ask, by id; not this node itself. */
  readonly peers: readonly string[];
  /** Whose votes make the block of a height final. */
  readonly electorateAt: (height: number) => Electorate;
  readonly store: Store;
  readonly bus: Pick<Bus, 'request'>;
  readonly clock: Clock;
  readonly log: Log;
};

/** A snapshot, and the validators that say they hold it. */
type Candidate = SnapshotOffer & { readonly peers: string[] };

/**
 * Before anything reads the ledger: take up a snapshot where this node lacks more than MIN_STATE_SYNC_HEIGHTS, or nobody holds the
 * blocks that it lacks, and somebody serves one. What was begun before a crash goes on: the old rows are gone.
 *
 * @throws NetworkError SNAPSHOT_UNAVAILABLE where it has begun, and nobody gives the rest for long; the next start goes on
 */
export async function syncState(o: StateSyncOptions): Promise<void> {
  for (let tries = 0; tries < MAX_STATE_SYNC_TRIES; tries++) {
    const begun = await readPlan(o.store);
    const candidates = await findCandidates(o, await ownHeight(o.store, begun !== undefined));
    if (begun === undefined && candidates.length === 0) return;
    if (await takeUp(o, begun, candidates)) return;
    o.log.warn({ candidates: candidates.length }, 'no validator gives a whole snapshot');
    if ((await readPlan(o.store)) === undefined) return;
    await new Promise<void>((resolve) => void o.clock.setTimer(STATE_SYNC_RETRY_MS, resolve));
  }
  throw new NetworkError('SNAPSHOT_UNAVAILABLE', `${MAX_STATE_SYNC_TRIES} tries`);
}

/** The snapshots that are worth it: those that most validators hold first, of these the newest. */
async function findCandidates({ peers, bus }: StateSyncOptions, own: number): Promise<Candidate[]> {
  const answers = await Promise.all(
    peers.map(async (peer) => ({ peer, answer: await fetchAnswer(bus, peer, { type: 'snapshots.request' }) })),
  );
  const candidates = new Map<string, Candidate>();
  let isHeld = false;
  for (const { peer, answer } of answers) {
    if (answer?.type !== 'snapshots') continue;
    isHeld ||= answer.lowest_height <= own + 1;
    for (const offer of answer.snapshots) {
      const name = `${offer.height}/${offer.manifest}`;
      const known = candidates.get(name) ?? { ...offer, peers: [] };
      candidates.set(name, { ...known, peers: [...known.peers, peer] });
    }
  }
  const least = isHeld ? own + MIN_STATE_SYNC_HEIGHTS : own;
  return Array.from(candidates.values())
    .filter(({ height }) => height > least)
    .toSorted((a, b) => b.peers.length - a.peers.length || b.height - a.height);
}

/** What was begun, from whoever still holds it; else the first candidate that holds what it says. */
async function takeUp(
  o: StateSyncOptions,
  begun: SyncPlan | undefined,
  candidates: readonly Candidate[],
): Promise<boolean> {
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

async function complete(o: StateSyncOptions, plan: SyncPlan, peers: readonly string[]): Promise<boolean> {
  const { height, root, first_keys } = plan;
  o.log.info({ height, chunks: first_keys.length, peers: peers.length }, 'taking up a snapshot');
  const onFault = (peer: string, index: number): void => o.log.warn({ peer, index }, 'a chunk is false or missing');
  if (!(await fetchChunks({ store: o.store, bus: o.bus, onFault }, plan, peers))) return false;
  await finishPlan(o.store, plan, Buffer.from(root).toString('hex'));
  o.log.info({ height }, 'snapshot taken up');
  return true;
}

/** The certified root of a snapshot, and where its chunks begin, from the first of its holders that gives both. */
async function planOf(o: StateSyncOptions, candidate: Candidate): Promise<SyncPlan | undefined> {
  const { height } = candidate;
  for (const peer of candidate.peers) {
    const blocks = await fetchBlocks(o.bus, peer, { first_height: height, last_height: height + 1 });
    const [final] = blocks;
    const [, next] = certified(o, height, blocks) ?? [];
    const first_keys = await manifestOf(o, peer, candidate);
    if (final === undefined || next === undefined || first_keys === undefined) continue;
    return { height, root: Buffer.from(next.state_root, 'hex'), final, first_keys };
  }
  return undefined;
}

/** The headers of the snapshot's block and of the one that names its root, each with a certificate that holds. */
function certified(o: StateSyncOptions, height: number, blocks: readonly FinalBlock[]): readonly Header[] | undefined {
  const [first] = blocks;
  if (first === undefined || blocks.length !== 2) return undefined;
  const headers = linkedHeaders({ sha256 }, blocks);
  if (headers?.[0]?.height !== height) return undefined;
  const isProven = checkCertificate(o.electorateAt(height), first.certificate) === null;
  return isProven && isProvenBy(o.electorateAt(height + 1), { blocks: blocks.slice(1) }) ? headers : undefined;
}

async function manifestOf(
  { bus }: StateSyncOptions,
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
