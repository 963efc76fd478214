// Keeps what proves each draw: caught in the two blocks in which it can be had, stored under `draws/`, the oldest dropped first.
import { bytesToHex } from '@noble/hashes/utils.js';
import { z } from 'zod';
import type { Crypto } from '#machines/consensus/types.ts';
import { present } from '#machines/primitives/assert.ts';
import type { Ledger } from '#machines/settlement/ledger.ts';
import type { DrawExplanation } from '#machines/work/draw.ts';
import { jobOf } from '#machines/work/units.ts';
import { decodeHeader } from '#schemas/consensus/block-codec.ts';
import { certificateBytes, writeCertificate } from '#schemas/consensus/certificate-codec.ts';
import { LayoutWriter } from '#schemas/consensus/fixed-layout.ts';
import { ROW_CODECS } from '#schemas/settlement/row-codec.ts';
import type { LedgerEvent } from '#schemas/settlement/state.ts';
import { bytesUpTo } from '#schemas/wire/fields.ts';
import { MAX_MESSAGE_BYTES } from '#schemas/wire/limits.ts';
import { decodeBody, encode } from '#schemas/wire/msgpack.ts';
import type { DrawBundle } from '#schemas/work/draw-bundle.ts';
import type { Store, StoreOp } from '../store/store.ts';
import { readBasis, repeatDraw } from './draw-bundle.ts';
import { DrawIndex } from './draw-index.ts';
import type { SeenBlock } from './ports.ts';
import { rowToJson, StoredRow, storedRow } from './proven-rows.ts';

const Bytes = bytesUpTo(MAX_MESSAGE_BYTES);
type Drawable = Extract<LedgerEvent, { type: 'unit.drawable' }>;

const CaughtDraw = z.strictObject({
  unit: z.string(),
  attempt: z.int(),
  purpose: z.enum(['work', 'audit']),
  /** Audits: whose work is checked. */
  worker: z.string().nullable(),
});
type CaughtDraw = z.infer<typeof CaughtDraw>;
/** Draws of one height, and the rows that prove them as they stood after it, each once: many units share a job and a worker. */
const Caught = z.strictObject({
  height: z.int(),
  beacon: StoredRow,
  pool: StoredRow,
  rows: z.array(StoredRow),
  draws: z.array(CaughtDraw),
});
type Caught = z.infer<typeof Caught>;
/** `draws/h/<height>`: what was caught after the height, and header and certificate of the next. The pool's members lie apart. */
const DrawRow = z.strictObject({ ...Caught.shape, header: Bytes, certificate: Bytes });
type DrawRow = z.infer<typeof DrawRow>;

export type ProvenDraw = { readonly bundle: DrawBundle; readonly explanation: DrawExplanation };

const NONE = new Uint8Array(0);
const HEIGHTS = 'draws/h/';

export class DrawArchive {
  readonly #chain: string;
  readonly #ledger: Ledger;
  readonly #store: Store;
  readonly #index: DrawIndex;
  readonly #crypto: Pick<Crypto, 'sha256'>;
  /** Draws of the last height: the next header brings what decides them. */
  #caught: Caught | undefined;

  private constructor(chain: string, ledger: Ledger, store: Store, index: DrawIndex, crypto: Pick<Crypto, 'sha256'>) {
    this.#chain = chain;
    this.#ledger = ledger;
    this.#store = store;
    this.#index = index;
    this.#crypto = crypto;
  }

  /** With the draws that an earlier life stored. @throws StoreError */
  static async open(chain: string, ledger: Ledger, store: Store, crypto: Pick<Crypto, 'sha256'>): Promise<DrawArchive> {
    const index = new DrawIndex();
    const unreadable: StoreOp[] = [];
    for await (const [key, bytes] of store.scan(HEIGHTS)) {
      const row = decodeBody(DrawRow, bytes);
      if (row.ok) index.add(row.value.height, poolVersion(row.value), unitsOf(row.value), bytes.length);
      else unreadable.push({ type: 'del', key });
    }
    // Rows of an earlier release: the archive keeps what fits, and those would never make room.
    if (unreadable.length > 0) await store.batch(unreadable);
    for await (const [key, bytes] of store.scan('draws/p/'))
      index.addPool(Number(key.slice('draws/p/'.length)), bytes.length);
    return new DrawArchive(chain, ledger, store, index, crypto);
  }

  /** The writes that this block brings, to be stored before the next block's; none for a height that an earlier life stored. */
  hear({ header, final, result }: SeenBlock): StoreOp[] {
    const ops = this.#caught === undefined || header.beacon.length === 0 ? [] : this.#storeOps(this.#caught, final);
    const due = result.events.filter((event) => event.type === 'unit.drawable');
    const isCaught = due.length === 0 || this.#index.has(header.height);
    this.#caught = isCaught ? undefined : this.#catch(header.height, due);
    return ops;
  }

  /** All draws of a unit, oldest first. @throws StoreError STORE_READ_FAILED */
  async of(unit: string): Promise<ProvenDraw[]> {
    const found: ProvenDraw[] = [];
    for (const height of this.#index.heightsOf(unit)) {
      const bytes = await this.#store.get(rowKey(height));
      const row = bytes && decodeBody(DrawRow, bytes);
      const draw = row?.ok && row.value.draws.find((one) => one.unit === unit);
      if (row?.ok && draw) found.push(await this.#prove(row.value, draw));
    }
    return found;
  }

  /** After the height is executed and before the next: the only state whose root the next header carries. */
  #catch(height: number, due: readonly Drawable[]): Caught | undefined {
    const beacon = this.#row(`beacons/${height}`);
    if (beacon.value === null) return undefined;
    const pool = this.#row(`pools/${ROW_CODECS.beacons.decode(beacon.value).pool_version}`);
    const draws = due.map(({ unit, attempt, purpose }): CaughtDraw => {
      const worker = purpose === 'audit' ? (this.#ledger.unit(unit)?.worker ?? '') : null;
      return { unit, attempt, purpose, worker };
    });
    const keys = new Set(draws.flatMap((draw) => Object.values(keysOf(draw)).filter((key) => key !== null)));
    return { height, beacon, pool, rows: Array.from(keys, (key) => this.#row(key)), draws };
  }

  #row(key: string): StoredRow {
    return storedRow(this.#ledger.prove(key));
  }

  #storeOps(caught: Caught, { block, certificate }: SeenBlock['final']): StoreOp[] {
    const proof = writeCertificate(new LayoutWriter(certificateBytes(certificate)), certificate).bytes;
    const row: DrawRow = { ...caught, pool: { ...caught.pool, value: NONE }, header: block.header, certificate: proof };
    const version = poolVersion(caught);
    const bytes = encode(row);
    const ops: StoreOp[] = [{ type: 'put', key: rowKey(caught.height), value: bytes }];
    if (!this.#index.hasPool(version)) {
      const members = caught.pool.value ?? NONE;
      ops.push({ type: 'put', key: poolKey(version), value: members });
      this.#index.addPool(version, members.length);
    }
    const gone = this.#index.add(caught.height, version, unitsOf(caught), bytes.length);
    for (const height of gone.heights) ops.push({ type: 'del', key: rowKey(height) });
    for (const pool of gone.pools) ops.push({ type: 'del', key: poolKey(pool) });
    return ops;
  }

  async #prove(row: DrawRow, draw: CaughtDraw): Promise<ProvenDraw> {
    const members = (await this.#store.get(poolKey(poolVersion(row)))) ?? NONE;
    const keys = keysOf(draw);
    const caught = (key: string) =>
      rowToJson(
        present(
          row.rows.find((one) => one.key === key),
          'the rows of a draw are caught with it',
        ),
      );
    const rows = {
      unit: caught(keys.unit),
      job: caught(keys.job),
      beacon: rowToJson(row.beacon),
      pool: rowToJson({ ...row.pool, value: members }),
      worker: keys.worker === null ? null : caught(keys.worker),
    };
    const { unit, attempt, purpose } = draw;
    const statement = {
      v: 1,
      algorithm: 'draw/v1',
      chain: this.#chain,
      unit,
      attempt,
      purpose,
      height: row.height,
    } as const;
    const bundle = { ...statement, header: bytesToHex(row.header), certificate: bytesToHex(row.certificate), rows };
    const header = decodeHeader(row.header);
    const basis = readBasis(bundle);
    if (!header.ok || basis === undefined) throw new Error(`draws/h/${row.height} does not hold the draw of ${unit}`);
    const explanation = repeatDraw(bundle, header.value, basis, this.#crypto);
    return { bundle: { ...bundle, drawn: [...explanation.drawn] }, explanation };
  }
}

/** The rows that a draw rests on, beside its height's beacon and pool. */
const keysOf = ({ unit, worker }: CaughtDraw) => ({
  unit: `tasks/${unit}`,
  job: `jobs/${jobOf(unit)}`,
  worker: worker === null ? null : `nodes/${worker}`,
});

const rowKey = (height: number): string => `${HEIGHTS}${`${height}`.padStart(12, '0')}`;
const poolKey = (version: number): string => `draws/p/${`${version}`.padStart(12, '0')}`;
const unitsOf = ({ draws }: Caught): string[] => draws.map(({ unit }) => unit);
const poolVersion = ({ beacon }: Caught): number =>
  ROW_CODECS.beacons.decode(present(beacon.value ?? undefined, 'only there is a pool where there is its row'))
    .pool_version;
