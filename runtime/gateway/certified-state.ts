// The last final block, and rows under its header: what the gateway can prove of the ledger now.
import type { Ledger } from '#machines/settlement/ledger.ts';
import type { FinalBlock } from '#schemas/consensus/types.ts';
import type { CertifiedRowJson } from '#schemas/settlement/proven-row.ts';
import { accept, type Result, refuse } from '#schemas/wire/codes.ts';
import type { SeenBlock } from './ports.ts';
import { headerToJson, rowToJson } from './proven-rows.ts';

export class CertifiedState {
  readonly #ledger: Pick<Ledger, 'prove' | 'stateRoot'>;
  #last: Pick<SeenBlock, 'header' | 'final'> | undefined;

  constructor(ledger: Pick<Ledger, 'prove' | 'stateRoot'>) {
    this.#ledger = ledger;
  }

  hear(block: Pick<SeenBlock, 'header' | 'final'>): void {
    this.#last = block;
  }

  /** The last block; undefined before the first one since the start. */
  get last(): FinalBlock | undefined {
    return this.#last?.final;
  }

  /** The same where its header names the root under which the ledger proves: from a checkpoint to the next block none does. */
  get provable(): FinalBlock | undefined {
    return this.#last?.header.state_root === this.#ledger.stateRoot() ? this.#last.final : undefined;
  }

  /** A row, or that there is none, as of the last checkpoint. Refusal: ROW_PROOF_PENDING. */
  prove(key: string): Result<CertifiedRowJson> {
    const final = this.provable;
    if (final === undefined) return refuse('ROW_PROOF_PENDING');
    return accept({ ...headerToJson(final), row: rowToJson(this.#ledger.prove(key)) });
  }
}
