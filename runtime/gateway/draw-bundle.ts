// Checks a draw from nothing but trusted sets: certificate → header → state root → rows → beacon → the same draw again.
import { hexToBytes } from '@noble/hashes/utils.js';
import type { SetChain } from '#machines/consensus/set-chain.ts';
import type { Crypto } from '#machines/consensus/types.ts';
import { type DrawExplanation, type DrawFilter, explainDraw, type Purpose, poolOf } from '#machines/work/draw.ts';
import { jobOf } from '#machines/work/units.ts';
import { beaconMessage, beaconValue } from '#schemas/consensus/beacon.ts';
import { decodeHeader } from '#schemas/consensus/block-codec.ts';
import type { Header } from '#schemas/consensus/types.ts';
import type { ProvenRowJson } from '#schemas/settlement/proven-row.ts';
import { ROW_CODECS } from '#schemas/settlement/row-codec.ts';
import type { UnitRow } from '#schemas/settlement/state.ts';
import { accept, type Result, refuse } from '#schemas/wire/codes.ts';
import type { DrawBundle } from '#schemas/work/draw-bundle.ts';
import { isProven, readCertifiedHeader } from './proven-rows.ts';

/**
 * Repeat a draw that somebody else hands over. Refusal: DRAW_PROOF_INVALID with the first link that does not hold.
 *
 * @param sets as trusted, up to that of the bundle's header (`epochOf`)
 */
export function verifyDrawBundle(
  bundle: DrawBundle,
  sets: Pick<SetChain, 'of' | 'at'>,
  crypto: Crypto,
): Result<DrawExplanation> {
  const header = certifiedHeader(bundle, sets);
  if (!header.ok) return header;
  const basis = provenBasis(bundle, header.value, crypto);
  if (!basis.ok) return basis;
  const { signature, named } = basis.value;
  const { chain, epoch, beacon_key } = sets.at(bundle.height) ?? NO_BEACON;
  const isBeacon =
    beacon_key !== null && crypto.verifyBeacon(beacon_key, beaconMessage(chain, epoch, bundle.height), signature);
  if (!isBeacon) return refuse('DRAW_PROOF_INVALID', 'beacon signature');
  const explanation = repeatDraw(bundle, basis.value, crypto);
  const drawn = explanation.drawn.join();
  const isSame = drawn === bundle.drawn.join() && (named.length === 0 || drawn === named.join());
  return isSame ? accept(explanation) : refuse('DRAW_PROOF_INVALID', 'other nodes are drawn');
}

/** Before the first set that is trusted nothing is known. */
const NO_BEACON = { chain: '', epoch: 0, beacon_key: null };

/** What the draw rests on, read out of the rows; also who composes a bundle gets the drawn nodes so. */
type Basis = {
  readonly signature: Uint8Array;
  readonly members: Uint8Array;
  readonly pool_version: number;
  readonly filter: DrawFilter;
  /** Whom the ledger gave the unit to; empty while it is to be drawn. */
  readonly named: readonly string[];
};
type Statement = Omit<DrawBundle, 'drawn'>;
/** What a unit under way and a receipt have in common. */
type DrawnUnit = Pick<
  UnitRow,
  'attempt' | 'draw_height' | 'audit_height' | 'worker' | 'auditors' | 'excluded' | 'barred_count'
>;

export function repeatDraw(bundle: Statement, basis: Basis, { sha256 }: Pick<Crypto, 'sha256'>): DrawExplanation {
  const { unit, attempt, purpose, height } = bundle;
  const point = { beacon: beaconValue(basis.signature), purpose, unit, attempt };
  return explainDraw(point, { height, pool_version: basis.pool_version }, poolOf(basis.members), basis.filter, sha256);
}

/** The epoch that the bundle's header says it is of; undefined where it is no header. */
export function epochOf({ header }: Pick<DrawBundle, 'header'>): number | undefined {
  const claimed = decodeHeader(hexToBytes(header));
  return claimed.ok ? claimed.value.epoch : undefined;
}

/** The header, if a quorum of the set of its epoch committed to it. */
function certifiedHeader(bundle: DrawBundle, sets: Pick<SetChain, 'of'>): Result<Header> {
  const epoch = epochOf(bundle);
  const set = epoch === undefined ? undefined : sets.of(epoch);
  if (set === undefined) return refuse('DRAW_PROOF_INVALID', 'header');
  if (bundle.chain !== set.chain) return refuse('DRAW_PROOF_INVALID', 'chain');
  const checked = readCertifiedHeader(set, bundle);
  return checked.ok ? accept(checked.value.header) : refuse('DRAW_PROOF_INVALID', checked.code);
}

/** The rows, if all of them stand under the header's state root and are those that this draw asks for. */
function provenBasis(bundle: DrawBundle, { state_root }: Header, crypto: Crypto): Result<Basis> {
  const { unit, job, beacon, pool, worker } = bundle.rows;
  const present = [unit, job, beacon, pool, ...(worker === null ? [] : [worker])];
  const false_row = present.find((row) => row.value === null || !isProven(state_root, row, crypto));
  if (false_row !== undefined) return refuse('DRAW_PROOF_INVALID', `row ${false_row.key}`);
  const basis = readBasis(bundle);
  return basis === undefined ? refuse('DRAW_PROOF_INVALID', 'rows of another draw') : accept(basis);
}

/** Undefined where the rows are not those of this unit, attempt, purpose and height. */
export function readBasis({ unit, attempt, purpose, height, rows }: Statement): Basis | undefined {
  if (rows.unit.key !== `tasks/${unit}` && rows.unit.key !== `proofs/${unit}`) return undefined;
  const drawn = readUnit(rows.unit);
  const { signature, pool_version } = ROW_CODECS.beacons.decode(valueOf(rows.beacon));
  const keys = [rows.job.key, rows.beacon.key, rows.pool.key];
  const wanted = [`jobs/${jobOf(unit)}`, `beacons/${height}`, `pools/${pool_version}`];
  const isForDraw = drawn.attempt === attempt && drawHeight(drawn, purpose) === height;
  if (!isForDraw || keys.join() !== wanted.join()) return undefined;
  if (purpose === 'audit' && rows.worker?.key !== `nodes/${drawn.worker}`) return undefined;
  const { members } = ROW_CODECS.pools.decode(valueOf(rows.pool));
  const client = ROW_CODECS.jobs.decode(valueOf(rows.job)).operator;
  const others = rows.worker === null ? [] : [ROW_CODECS.nodes.decode(valueOf(rows.worker)).operator];
  return { signature, members, pool_version, ...judge(drawn, purpose, [client, ...others]) };
}

/** Nobody checks or pays himself, and who failed the unit before its draw is drawn last. */
function judge(drawn: DrawnUnit, purpose: Purpose, operators: readonly string[]): Pick<Basis, 'filter' | 'named'> {
  const { worker, auditors, excluded, barred_count } = drawn;
  if (purpose === 'audit') return { filter: { operators, excluded }, named: auditors };
  const barred = excluded.slice(0, barred_count);
  return { filter: { operators: operators.slice(0, 1), excluded: barred }, named: worker === '' ? [] : [worker] };
}

/** A row `tasks/…` or `proofs/…`. */
export const readUnit = (row: ProvenRowJson): DrawnUnit =>
  (row.key.startsWith('proofs/') ? ROW_CODECS.proofs : ROW_CODECS.tasks).decode(valueOf(row));

/** 0 where a unit has not come to its audit. */
export const drawHeight = ({ draw_height, audit_height }: DrawnUnit, purpose: Purpose): number =>
  purpose === 'work' ? draw_height : audit_height;

const valueOf = (row: ProvenRowJson): Uint8Array => hexToBytes(row.value ?? '');
