// What a validator is started with, and what it offers to whoever hosts it.
import type { Core } from '#machines/consensus/core.ts';
import type { Application, CoreConfig, Tip } from '#machines/consensus/types.ts';
import type { EvidenceBytes } from '#schemas/consensus/evidence-codec.ts';
import type { CommitConflict, FinalBlock } from '#schemas/consensus/types.ts';
import type { Code } from '#schemas/wire/codes.ts';
import type { Bus } from '../bus/bus.ts';
import type { Clock } from '../host/ports.ts';
import type { Signer } from '../keys/ed25519.ts';
import type { Log } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { Store, StoreOp } from '../store/store.ts';
import type { SecretShares } from './beacon-duty.ts';
import type { Decided } from './turn.ts';

/** The ledger as a validator hosts it. Its state is at the height of the stored tip when the validator starts. */
export type ValidatorApp = Application & {
  /** Take a transaction into the pool; false where it is refused or known. */
  submit(tx: Uint8Array): boolean;
  /** What the application has to write by now: it goes into the write that makes the blocks executed since the last call final. */
  commitOps(): readonly StoreOp[];
};

export type ValidatorOptions = {
  readonly config: Omit<CoreConfig, 'tip' | 'crypto' | 'app'>;
  /** Height 0: id zeros, the genesis time and state root. */
  readonly genesis: Tip;
  /** The validator's key: `key.id` is `config.self`. */
  readonly key: Signer;
  /** Own shares of the beacon's key. */
  readonly secrets: SecretShares;
  /** True only where the keys are new: an empty store then means "has never spoken", later it means "has forgotten". */
  readonly is_first_start: boolean;
  readonly store: Store;
  readonly bus: Bus;
  readonly app: ValidatorApp;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Somebody fetches the snapshot of this height from the store. */
  readonly onSnapshotAsked?: (height: number) => void;
  /** A block is final, and written: what the listener syncs to the same store keeps it too. */
  readonly onFinal: (decided: Decided) => void;
  /** Two conflicting signed statements of a validator, for an `evidence` transaction. */
  readonly onEvidence: (evidence: EvidenceBytes) => void;
  /** The proof of a fork, before anything else of its turn; a rejection is logged, and the validator stops all the same. */
  readonly keepConflict: (conflict: CommitConflict) => Promise<void>;
  /** Called once when the validator stops by itself: its own data against a certificate, a signer conflict, a store that fails. */
  readonly onHalt: (code: Code, detail: string) => void;
};

export type Validator = {
  readonly tip: Tip;
  readonly position: Core['position'];
  /** Final block of a height with its certificate, if this node holds it. */
  readFinalBlock(height: number): Promise<FinalBlock | undefined>;
  /** The pool has something that did not come over the bus. */
  workArrived(): void;
  /** Finish the turn, write what is recorded, leave the bus. Store and bus stay open. */
  close(): Promise<void>;
};
