// A node's own copy of the settlement log: records built from its own ledger, checked, stored, never taken from others.
import { leafHash } from '#machines/primitives/merkle.ts';
import { encodeRecord } from '#machines/settlement/record-encoding.ts';
import {
  checkNextRecord,
  nothingSettled,
  recordOf,
  type Settled,
  type Sums,
  settle,
} from '#machines/settlement/record-rules.ts';
import { FIRST_SEQ } from '#schemas/settlement/record.ts';
import type { SettlementRow } from '#schemas/settlement/state.ts';
import type { Store, StoreOp } from '../store/store.ts';
import { ArchiveError } from './archive-error.ts';
import { type ArchiveBlock, blockOf, parseCid, sha256 } from './cid.ts';
import { createContentStore, requireBlock } from './content-store.ts';
import { decodeRecord } from './record-codec.ts';
import { createSerial } from './serial.ts';

/** What the log needs of the ledger: its closed settlements. */
export type ReadSettlement = (seq: number) => SettlementRow | undefined | Promise<SettlementRow | undefined>;

export type RecordLogOptions = {
  readonly store: Store;
  /** Where the index rows lie: one prefix for each actor of a node. */
  readonly prefix: string;
  readonly network: string;
  readonly settlement: ReadSettlement;
};

/** The first `size` records: leaf hashes and CIDs by index. */
export type LogView = {
  readonly size: number;
  readonly leaves: readonly Uint8Array[];
  readonly cids: readonly string[];
};

export type RecordLog = {
  /**
   * The log's first `size` records; those missing are built from the ledger and stored, one synced batch each.
   *
   * @throws ArchiveError SETTLEMENT_UNKNOWN: the ledger is not so far yet; SETTLEMENT_REFUSED: its row breaks a rule
   */
  upTo(size: number): Promise<LogView>;
  /** The records themselves, checked against their CIDs. @throws ArchiveError BLOCK_MISSING, BLOCK_CORRUPT */
  records(view: LogView): Promise<readonly ArchiveBlock[]>;
};

/** What follows from the stored records; rebuilt from them at start. */
type State = { readonly leaves: Uint8Array[]; readonly cids: string[]; readonly settled: Settled };

/** The log over a node's database; nothing is read before the first call. */
export function createRecordLog({ store, prefix, network, settlement }: RecordLogOptions): RecordLog {
  const content = createContentStore(store);
  const inTurn = createSerial();
  let loaded: State | undefined;

  async function load(): Promise<State> {
    const state: State = { leaves: [], cids: [], settled: nothingSettled(sha256) };
    for await (const [, value] of store.scan(`${prefix}/record/`)) {
      const block = await requireBlock(content, requireCid(new TextDecoder().decode(value)));
      take(state, block, check(state, block));
    }
    return state;
  }

  /** What a block does that must be the next record. */
  function check(state: State, { bytes }: ArchiveBlock): Sums {
    const place = { net: network, seq: FIRST_SEQ + state.cids.length, prev: state.cids.at(-1) ?? null };
    const checked = checkNextRecord(decodeRecord(bytes), place, state.settled);
    if (!checked.ok) throw new ArchiveError('SETTLEMENT_REFUSED', { seq: place.seq, reason: checked.code });
    return checked.value;
  }

  function take(state: State, { cid, bytes }: ArchiveBlock, sums: Sums): void {
    settle(state.settled, sums);
    state.leaves.push(leafHash(bytes));
    state.cids.push(cid.toString());
  }

  async function append(state: State): Promise<void> {
    const index = state.cids.length;
    const seq = FIRST_SEQ + index;
    const row = await settlement(seq);
    if (row === undefined) throw new ArchiveError('SETTLEMENT_UNKNOWN', { seq });
    const block = blockOf('dag-cbor', encodeRecord(recordOf(row, network, state.cids.at(-1) ?? null)));
    const step = check(state, block);
    await store.batch([
      ...content.putOps([block]),
      putText(`${prefix}/record/${rowNumber(index)}`, block.cid.toString()),
    ]);
    take(state, block, step);
  }

  return {
    upTo: (size) =>
      inTurn(async () => {
        loaded ??= await load();
        while (loaded.cids.length < size) await append(loaded);
        return { size, leaves: loaded.leaves.slice(0, size), cids: loaded.cids.slice(0, size) };
      }),
    records: (view) => Promise.all(view.cids.map((cid) => requireBlock(content, requireCid(cid)))),
  };
}

/** Fixed width, so that the order of keys is the order of records. */
export const rowNumber = (index: number): string => index.toString().padStart(16, '0');

const putText = (key: string, text: string): StoreOp => ({ type: 'put', key, value: new TextEncoder().encode(text) });

function requireCid(text: string) {
  const cid = parseCid(text);
  if (cid === undefined) throw new ArchiveError('CID_MALFORMED', { cid: text });
  return cid;
}
