// A virtual disk: what was written is lost in a crash unless it was synced, or the disk happened to keep it.
import type { Input, Tip } from '#machines/consensus/types.ts';
import type { FinalBlock } from '#schemas/consensus/types.ts';
import type { SignerRecord } from './sim-signer.ts';

/** A tip that is not the genesis. */
export type DecidedTip = Tip & { readonly final: FinalBlock };

/** One row of a validator's store; a turn writes its rows as one batch. */
export type Row =
  /** An input of the height that is being decided. */
  | { readonly type: 'input'; readonly input: Input }
  /** What the signer has signed last. */
  | { readonly type: 'signed'; readonly record: SignerRecord }
  /** A final block with the application's state after it; ends the log of its height. */
  | { readonly type: 'decided'; readonly tip: DecidedTip; readonly app: unknown };

export type Disk = {
  /** Inputs since the last decided height, oldest first: what a restart replays. */
  readonly inputs: readonly Input[];
  readonly signed: SignerRecord | undefined;
  readonly tip: Tip;
  /** The application's state at `tip`. */
  readonly app: unknown;
  /** Final blocks from height 1 on, each with what followed from it. */
  readonly decided: readonly DecidedTip[];
  /** Whether a crash now would lose nothing. */
  readonly isSynced: boolean;
  /** Hand a batch to the disk; a crash may lose it until `sync`. */
  write(batch: readonly Row[]): void;
  sync(): void;
  /** Power loss: all of the unsynced batches are there afterwards, or none. */
  crash(keepsUnsynced: boolean): void;
};

/** A disk that holds the genesis and nothing else. */
export function createDisk(genesis: Tip, genesisApp: unknown): Disk {
  let inputs: Input[] = [];
  let signed: SignerRecord | undefined;
  let tip = genesis;
  let app = genesisApp;
  const decided: DecidedTip[] = [];
  let unsynced: (readonly Row[])[] = [];

  function apply(row: Row): void {
    switch (row.type) {
      case 'input':
        inputs.push(row.input);
        break;
      case 'signed':
        signed = row.record;
        break;
      case 'decided':
        inputs = [];
        tip = row.tip;
        app = row.app;
        decided.push(row.tip);
        break;
    }
  }
  const sync = (): void => {
    for (const batch of unsynced) for (const row of batch) apply(row);
    unsynced = [];
  };
  return {
    get inputs() {
      return inputs;
    },
    get signed() {
      return signed;
    },
    get tip() {
      return tip;
    },
    get app() {
      return app;
    },
    get isSynced() {
      return unsynced.length === 0;
    },
    decided,
    write: (batch) => void unsynced.push(batch),
    sync,
    crash(keepsUnsynced) {
      if (keepsUnsynced) sync();
      unsynced = [];
    },
  };
}
