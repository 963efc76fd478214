// How rows of the ledger's state are written: MessagePack arrays in field order, so that equal rows are equal bytes.
import { Unpackr } from 'msgpackr';
import { decodeMembership, encodeMembership } from '../consensus/membership-codec.ts';
import type { Membership } from '../consensus/types.ts';
import { type RowValue, RowWriter } from './row-writer.ts';
import type {
  BalanceRow,
  BeaconRow,
  Candidate,
  Complaint,
  DealingRow,
  DisputeRow,
  DisputeVote,
  EvidenceRow,
  HeadRow,
  HourRow,
  JobRow,
  KeygenRow,
  NodeRow,
  NonceRow,
  PoolRow,
  ProofRow,
  ReputationRow,
  SettledRow,
  SettlementEntry,
  SettlementRow,
  UnitRow,
  UnsettledRow,
  ValidatorRow,
} from './state.ts';

/** Bytes of a row and back; the bytes of one row are always the same. */
export type RowCodec<Row> = { write(writer: RowWriter, row: Row): void; decode(bytes: Uint8Array): Row };

/** How one field is written where it is not written as it is. */
type Part = { readonly write: (value: never) => RowValue; readonly read: (raw: never) => unknown };
/** Every field of the row, in the order of its bytes. */
type Fields<Row> = { readonly [K in keyof Row]: true | Part };

const unpackr = new Unpackr({ useRecords: false, copyBuffers: true });

function rowCodec<Row extends object>(fields: Fields<Row>): RowCodec<Row> {
  const parts = Object.entries(fields) as [string & keyof Row, true | Part][];
  const columns = parts.map(([name, part]) => ({ name, part: part === true ? undefined : part }));
  return {
    write: (writer, row) => {
      writer.list(columns.length);
      for (const { name, part } of columns) {
        const value = row[name];
        writer.value((part === undefined ? value : part.write(value as never)) as RowValue);
      }
    },
    decode: (bytes) => {
      const raw = unpackr.unpack(bytes) as unknown[];
      return Object.fromEntries(
        parts.map(([name, part], i) => [name, part === true ? raw[i] : part.read(raw[i] as never)]),
      ) as Row;
    },
  };
}

const entries: Part = {
  write: (list: readonly SettlementEntry[]) => list.map(({ a, k, d }) => [a, k, d]),
  read: (raw: readonly [SettlementEntry['a'], string, bigint][]) => raw.map(([a, k, d]) => ({ a, k, d })),
};
const votes: Part = {
  write: (list: readonly DisputeVote[]) => list.map(({ validator, index, result }) => [validator, index, result]),
  read: (raw: readonly [string, number, Uint8Array][]) =>
    raw.map(([validator, index, result]) => ({ validator, index, result })),
};
const candidates: Part = {
  write: (list: readonly Candidate[]) =>
    list.map(({ id, operator, power, cosigner, encryption_key }) => [id, operator, power, cosigner, encryption_key]),
  read: (raw: readonly [string, string, number, string, string][]) =>
    raw.map(([id, operator, power, cosigner, encryption_key]) => ({ id, operator, power, cosigner, encryption_key })),
};
const complaints: Part = {
  write: (list: readonly Complaint[]) => list.map(({ receiver, shares }) => [receiver, shares]),
  read: (raw: readonly [string, Uint8Array[]][]) => raw.map(([receiver, shares]) => ({ receiver, shares })),
};
/** A membership's row is the bytes that headers name it by: a proof of the row proves the set. */
const memberships: RowCodec<Membership> = {
  write: (writer, membership) => writer.value(encodeMembership(membership)),
  decode: (bytes) => {
    const membership = decodeMembership(unpackr.unpack(bytes) as Uint8Array);
    if (!membership.ok) throw new Error(`a stored membership is one: ${membership.code}`);
    return membership.value;
  },
};

/** Every kind of row, by the first part of its key. */
export const ROW_CODECS = {
  accounts: rowCodec<BalanceRow>({ amount_units: true }),
  nonces: rowCodec<NonceRow>({ next: true }),
  nodes: rowCodec<NodeRow>({
    id: true,
    kind: true,
    operator: true,
    registered_height: true,
    last_seen_ms: true,
    passed_count: true,
    fault_count: true,
    paused_until_ms: true,
    last_fault_ms: true,
  }),
  reputation: rowCodec<ReputationRow>({ basis_points: true }),
  jobs: rowCodec<JobRow>({
    id: true,
    account: true,
    operator: true,
    kernel: true,
    start: true,
    unit_log2: true,
    units_count: true,
    reward_per_unit_units: true,
    submitted_height: true,
    submitted_ms: true,
    released_count: true,
    settled_count: true,
    parked_count: true,
    attempts_count: true,
    audits_count: true,
    disagreements_count: true,
    suspects: true,
    finished_height: true,
    finished_ms: true,
  }),
  tasks: rowCodec<UnitRow>({
    unit: true,
    phase: true,
    attempt: true,
    draw_height: true,
    audit_height: true,
    drawable_ms: true,
    worker: true,
    auditors: true,
    deadline_ms: true,
    commitment: true,
    committed_height: true,
    root: true,
    audit_indices: true,
    opened: true,
    reports: true,
    excluded: true,
    barred_count: true,
  }),
  disputes: rowCodec<DisputeRow>({ votes }),
  proofs: rowCodec<ProofRow>({
    unit: true,
    worker: true,
    auditors: true,
    attempt: true,
    root: true,
    draw_height: true,
    audit_height: true,
    audit_indices: true,
    settled_height: true,
    excluded: true,
    barred_count: true,
  }),
  beacons: rowCodec<BeaconRow>({ signature: true, pool_version: true }),
  pools: rowCodec<PoolRow>({ members: true }),
  unsettled: rowCodec<UnsettledRow>({ difference_units: true }),
  settled: rowCodec<SettledRow>({ sum_units: true }),
  settlements: rowCodec<SettlementRow>({
    seq: true,
    epoch: true,
    first_height: true,
    last_height: true,
    entries,
    state_root: true,
    jobs: true,
    cid: true,
  }),
  evidence: rowCodec<EvidenceRow>({ validator: true, height: true, type: true }),
  hours: rowCodec<HourRow>({ first_height: true }),
  validators: rowCodec<ValidatorRow>({
    id: true,
    operator: true,
    power: true,
    cosigner: true,
    encryption_key: true,
    state: true,
    since_height: true,
  }),
  memberships,
  keygens: rowCodec<KeygenRow>({
    epoch: true,
    kind: true,
    start_height: true,
    end_height: true,
    proposed: candidates,
    qualified: true,
    failed: true,
  }),
  dealings: rowCodec<DealingRow>({ hash: true, dealing: true, fault: true, complaints }),
  head: rowCodec<HeadRow>({
    height: true,
    time_ms: true,
    pool_version: true,
    settlements_count: true,
    unsettled_height: true,
  }),
} as const;

/** One for all rows that are encoded alone: writing never yields, and a new buffer would cost more than the row. */
const alone = new RowWriter();

/** The bytes of one row alone. */
export function encodeRow<Row>(codec: RowCodec<Row>, row: Row): Uint8Array {
  alone.restart();
  codec.write(alone, row);
  return alone.taken();
}
