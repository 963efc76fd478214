// Proves draws from the ledger alone: its rows as of the last checkpoint, under the header that a quorum certified after it.
import type { Crypto } from '#machines/consensus/types.ts';
import type { Ledger } from '#machines/settlement/ledger.ts';
import type { DrawExplanation, Purpose } from '#machines/work/draw.ts';
import { jobOf } from '#machines/work/units.ts';
import type { FinalBlock } from '#schemas/consensus/types.ts';
import { ROW_CODECS } from '#schemas/settlement/row-codec.ts';
import { accept, type Result, refuse } from '#schemas/wire/codes.ts';
import type { DrawBundle } from '#schemas/work/draw-bundle.ts';
import type { CertifiedState } from './certified-state.ts';
import { drawHeight, readBasis, readUnit, repeatDraw } from './draw-bundle.ts';
import { headerToJson, rowToJson } from './proven-rows.ts';

export type ProvenDraw = { readonly bundle: DrawBundle; readonly explanation: DrawExplanation };

const PURPOSES = ['work', 'audit'] as const;

export class DrawProofs {
  readonly #chain: string;
  readonly #ledger: Ledger;
  readonly #crypto: Pick<Crypto, 'sha256'>;
  readonly #state: CertifiedState;

  constructor(chain: string, ledger: Ledger, state: CertifiedState, crypto: Pick<Crypto, 'sha256'>) {
    this.#chain = chain;
    this.#ledger = ledger;
    this.#state = state;
    this.#crypto = crypto;
  }

  /**
   * The draws of a unit's present attempt, or of the paid one of a settled unit. Refusals: DRAW_UNKNOWN; DRAW_PROOF_PENDING
   * where the ledger has made draws that no certified checkpoint shows yet.
   */
  of(unit: string): Result<readonly ProvenDraw[]> {
    const made = PURPOSES.filter((purpose) => this.#ledger.explainDraw(unit, purpose) !== undefined);
    const final = this.#state.provable;
    const proven = final === undefined ? [] : PURPOSES.flatMap((purpose) => this.#prove(unit, purpose, final) ?? []);
    if (proven.length < made.length) return refuse('DRAW_PROOF_PENDING');
    return proven.length === 0 ? refuse('DRAW_UNKNOWN') : accept(proven);
  }

  /** Undefined where no such draw had been made at the checkpoint. */
  #prove(unit: string, purpose: Purpose, final: FinalBlock): ProvenDraw | undefined {
    const row = (key: string) => rowToJson(this.#ledger.prove(key));
    const receipt = row(`proofs/${unit}`);
    const unitRow = receipt.value === null ? row(`tasks/${unit}`) : receipt;
    if (unitRow.value === null) return undefined;
    const known = readUnit(unitRow);
    const height = drawHeight(known, purpose);
    const beacon = this.#ledger.prove(`beacons/${height}`);
    if (beacon.value === null) return undefined;
    const { signature, pool_version } = ROW_CODECS.beacons.decode(beacon.value);
    if (signature.length === 0) return undefined;
    const bundle = {
      v: 1,
      algorithm: 'draw/v1',
      chain: this.#chain,
      unit,
      attempt: known.attempt,
      purpose,
      height,
      ...headerToJson(final),
      rows: {
        unit: unitRow,
        job: row(`jobs/${jobOf(unit)}`),
        beacon: rowToJson(beacon),
        pool: row(`pools/${pool_version}`),
        worker: purpose === 'work' ? null : row(`nodes/${known.worker}`),
      },
    } as const;
    const basis = readBasis(bundle);
    if (basis === undefined) throw new Error(`the rows of one checkpoint do not fit: ${purpose} of ${unit}`);
    const explanation = repeatDraw(bundle, basis, this.#crypto);
    return { bundle: { ...bundle, drawn: [...explanation.drawn] }, explanation };
  }
}
