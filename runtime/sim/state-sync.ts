// How a validator with an empty disk takes up the ledger from another's before it starts: the rules of runtime/snapshot, on rows in
// memory and without messages. A liar gives rows that are changed or cut short.
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { checkCertifiedHeader, type NamedHeader } from '#machines/consensus/certified-header.ts';
import { type Electorate, electorateOf } from '#machines/consensus/electorate.ts';
import { SetChain } from '#machines/consensus/set-chain.ts';
import type { Prng } from '#machines/primitives/prng.ts';
import { checkRange, RowFold, type StateRange, type StateRow } from '#machines/primitives/state-range.ts';
import type { FinalBlock } from '#schemas/consensus/types.ts';
import { ROW_CODECS } from '#schemas/settlement/row-codec.ts';
import { finalOps, lowestOp, readFinalBlock } from '../consensus/block-store.ts';
import { findHandover, handoverOp } from '../consensus/handover-rows.ts';
import type { StoreOp } from '../store/store.ts';
import type { Disk } from './disk.ts';
import { isOverLedger } from './plan.ts';
import { twinCrypto } from './twin-crypto.ts';
import type { Witness } from './witness.ts';
import type { SnapshotSource, World } from './world.ts';

/** What became of it: nothing to take, a false one refused, or where the validator stands and in which epoch. */
export type TakenUp = 'nothing' | 'refused' | { readonly height: number; readonly epoch: number };

const STATE = 'state/';
const HEAD = 'head/0';
/** Rows in a chunk: a simulated state makes some. */
const CHUNK_ROWS = 8;

/** Over the ledger half of those that have nothing begin with the state of one that has some; the others sync every block. */
export async function takeUpState(world: World, disk: Disk, validator: number, witness: Witness): Promise<void> {
  if (!isOverLedger(world.plan)) return;
  const sources = world.replicas.flatMap((peer) => (peer.validator === validator ? [] : (peer.snapshot ?? [])));
  if (sources.length === 0 || world.prng.chance(512)) return;
  const first = world.prng.below(sources.length);
  for (const source of [...sources.slice(first), ...sources.slice(0, first)]) {
    const taken = await takeUpSnapshot(world, disk, source);
    if (taken === 'refused') witness.sees('false_snapshot_refused');
    if (typeof taken === 'object') return witness.tookUp(taken);
  }
}

/** Write the rows of the source's last checkpoint to this disk, if they are what a quorum certified. */
export async function takeUpSnapshot(world: World, disk: Disk, { disk: from, lies }: SnapshotSource): Promise<TakenUp> {
  const rows = rowsOf(from);
  const head = rows.find(({ key }) => key === HEAD);
  const height = head === undefined ? 0 : ROW_CODECS.head.decode(head.value).height;
  const [final, next] = [await readFinalBlock(from.store, height), await readFinalBlock(from.store, height + 1)];
  if (final === undefined || next === undefined) return 'nothing';
  const { sets, ops } = await setsOf(world, from);
  const [first, second] = [certified(sets, height, final), certified(sets, height + 1, next)];
  const root = second !== undefined && second.header.previous === first?.id ? second.header.state_root : undefined;
  const chunks = told(rows, lies ? world.prng : undefined);
  const isTaken = root !== undefined && areTrue(root, chunks);
  const state = chunks.flatMap((chunk) => chunk.rows);
  const isTrue = state.length === rows.length && state.every((row, i) => row === rows[i]);
  if (isTaken !== isTrue) world.report('snapshot_unsound', -1, `of height ${height}`);
  if (!isTaken) return 'refused';
  const tip = { height, id: first?.id ?? '', time_ms: first?.header.time_ms ?? 0, state_root: root };
  disk.write([...state.map(stateOp), ...ops, ...finalOps(tip, final), lowestOp(height)]);
  disk.sync();
  return { height, epoch: first?.header.epoch ?? 0 };
}

const stateOp = ({ key, value }: StateRow): StoreOp => ({ type: 'put', key: STATE + key, value });

const rowsOf = ({ rows }: Disk): StateRow[] =>
  [...rows.values()]
    .filter(({ key }) => key.startsWith(STATE))
    .map(({ key, value }) => ({ key: key.slice(STATE.length), value }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));

/** Whose votes count, from the genesis on, as the source can show it; and the rows that show it to others later. */
async function setsOf({ base, sets: known }: World, { store }: Disk): Promise<{ sets: SetChain; ops: StoreOp[] }> {
  const sets = new SetChain(electorateOf(base.chain, known.at(1).membership, twinCrypto));
  const ops: StoreOp[] = [];
  for (;;) {
    const epoch = sets.newest.epoch + 1;
    const handover = await findHandover(store, epoch);
    if (handover === undefined || !sets.take(handover).ok) return { sets, ops };
    ops.push(handoverOp(epoch, handover));
  }
}

function certified(sets: SetChain, height: number, { block, certificate }: FinalBlock): NamedHeader | undefined {
  const set: Electorate | undefined = sets.at(height);
  const header = set && checkCertifiedHeader(set, block.header, certificate);
  return header?.ok === true && header.value.header.epoch === set?.epoch ? header.value : undefined;
}

/** Whether each chunk stands under the root, and nothing is missing between two. */
function areTrue(root: string, chunks: readonly StateRange[]): boolean {
  return (
    chunks.length > 0 &&
    chunks.every((chunk, i) => {
      const fold = checkRange(hexToBytes(root), chunk, (data) => twinCrypto.sha256(data));
      const next = chunks[i + 1];
      const isFirst = i > 0 || chunk.left.length === 0;
      if (fold === undefined || !isFirst) return false;
      return next === undefined
        ? chunk.right.length === 0
        : nameOf(fold.leftOf(next.rows[0]?.key ?? '')) === nameOf(next.left);
    })
  );
}

const nameOf = (sides: StateRange['left']): string =>
  sides.map(({ bit, sibling }) => `${bit} ${bytesToHex(sibling)}`).join();

/** The chunks of these rows; with chance to draw from, one may lack its last row, or a row be another. */
function told(rows: readonly StateRow[], prng: Prng | undefined): readonly StateRange[] {
  const runs: StateRow[][] = [];
  for (let i = 0; i < rows.length; i += CHUNK_ROWS) runs.push(rows.slice(i, i + CHUNK_ROWS));
  if (prng?.chance(512) === true) runs[prng.below(runs.length)]?.pop();
  const chunks = chunksOf(
    rows,
    runs.filter(({ length }) => length > 0),
  );
  if (prng?.chance(700) !== true) return chunks;
  const at = prng.below(rows.length);
  const changed = (row: StateRow): StateRow => ({ ...row, value: row.value.map((byte) => byte ^ 1) });
  return chunks.map((chunk) => ({ ...chunk, rows: chunk.rows.map((row) => (row === rows[at] ? changed(row) : row)) }));
}

/** Runs of rows, each with what stands beside it. */
function chunksOf(rows: readonly StateRow[], runs: readonly (readonly StateRow[])[]): readonly StateRange[] {
  const edges = new Set(runs.flatMap((run) => [run[0], run.at(-1)]));
  const fold = new RowFold((data) => twinCrypto.sha256(data));
  for (const row of rows) {
    fold.add(row);
    if (edges.has(row)) fold.keep();
  }
  const sides = fold.sides(runs.map((run) => ({ first: run[0]?.key ?? '', last: run.at(-1)?.key ?? '' })));
  return runs.map((run, i) => ({ rows: run, left: sides[i]?.left ?? [], right: sides[i]?.right ?? [] }));
}
