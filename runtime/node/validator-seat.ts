// A validator in a node: consensus over the node's ledger. The ledger's rows are written with the blocks that are checkpoints, and
// the other blocks tell what is missing: see `loadLedger`.
import { createApplication, type LedgerApplication } from '#machines/settlement/application.ts';
import type { Ledger } from '#machines/settlement/ledger.ts';
import type { EvidenceBytes } from '#schemas/consensus/evidence-codec.ts';
import type { LedgerEvent } from '#schemas/settlement/state.ts';
import { MAX_KEPT_EVIDENCE } from '#schemas/wire/limits.ts';
import type { Bus } from '../bus/bus.ts';
import type { SecretShares } from '../consensus/beacon-duty.ts';
import { evidenceKeeper } from '../consensus/evidence-folder.ts';
import type { Decided } from '../consensus/turn.ts';
import { startValidator } from '../consensus/validator.ts';
import type { Validator, ValidatorApp } from '../consensus/validator-options.ts';
import type { Clock, IoPort } from '../host/ports.ts';
import type { Signer } from '../keys/ed25519.ts';
import type { Chain } from '../network/genesis-file.ts';
import type { Log } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import { SnapshotWriter } from '../snapshot/snapshot-writer.ts';
import type { Store, StoreOp } from '../store/store.ts';
import { productionCrypto } from './crypto.ts';
import { ledgerBlock } from './final-blocks.ts';
import { eventOps, rowOps } from './ledger-rows.ts';
import type { ExecutedBlock } from './replica.ts';

export type ValidatorSeatOptions = {
  readonly chain: Chain;
  readonly ledger: Ledger;
  readonly key: Signer;
  readonly secrets: SecretShares;
  /** Data folder of the node: where evidence of a fork is left. */
  readonly dir: string;
  readonly is_first_start: boolean;
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Whether some actor of this node would hear the event: the others do not wait for anyone on disk. */
  readonly hears: (event: LedgerEvent) => boolean;
  readonly onBlock: (block: ExecutedBlock) => void;
  readonly onFailure: (error: unknown) => void;
};

/** Votes are re-broadcast this often, and no timeout exceeds this, ms (consensus rules, Timeouts). */
const REBROADCAST_MS = 500;
const TIMEOUT_CAP_MS = 10_000;

export async function startValidatorSeat(
  o: ValidatorSeatOptions,
): Promise<{ readonly validator: Validator; readonly evidence: IoPort; close(): Promise<void> }> {
  const { genesis, id } = o.chain;
  const crypto = productionCrypto;
  const app = new StoredApplication(createApplication(o.ledger, crypto), o);
  const evidence = new EvidenceQueue();
  const snapshots = new SnapshotWriter(o);
  const { params } = genesis;
  const validator = await startValidator({
    config: {
      chain: id,
      self: o.key.id,
      timeouts: {
        propose_ms: params.timeout_propose_ms,
        vote_ms: params.timeout_vote_ms,
        rebroadcast_ms: REBROADCAST_MS,
        cap_ms: TIMEOUT_CAP_MS,
      },
      min_block_interval_ms: params.min_block_interval_ms,
      max_block_interval_ms: params.max_block_interval_ms,
    },
    genesis: {
      height: 0,
      id: '0'.repeat(64),
      time_ms: genesis.time_ms,
      state_root: o.ledger.height() === 0 ? o.ledger.stateRoot() : '',
    },
    key: o.key,
    secrets: o.secrets,
    is_first_start: o.is_first_start,
    store: o.store,
    bus: o.bus,
    app: app.port,
    clock: o.clock,
    log: o.log,
    metrics: o.metrics,
    onFinal: (decided) => {
      const block = app.executed(decided, o.clock.now_ms());
      o.onBlock(block);
      snapshots.hear(decided.header, block.result.changes.length > 0);
    },
    onSnapshotAsked: (height) => snapshots.lease(height),
    onEvidence: (found) => evidence.add(found),
    keepConflict: evidenceKeeper(o.dir, id, o.store, o.log),
    onHalt: (code, detail) => o.onFailure(Object.assign(new Error(detail), { code })),
  });
  const close = async (): Promise<void> => {
    await validator.close();
    await snapshots.close();
  };
  return { validator, evidence: evidence.port, close };
}

/** The ledger's application, with what each executed block writes and says kept until it is final and told. */
class StoredApplication {
  readonly port: ValidatorApp;
  readonly #app: LedgerApplication;
  readonly #metrics: Metrics;
  readonly #hears: ValidatorSeatOptions['hears'];
  readonly #results = new Map<number, ExecutedBlock['result']>();
  /** Written with the decided block: its events, which actors hear from the disk, and the rows if it is a checkpoint. */
  readonly #ops: StoreOp[] = [];

  constructor(app: LedgerApplication, { metrics, hears }: Pick<ValidatorSeatOptions, 'metrics' | 'hears'>) {
    this.#app = app;
    this.#metrics = metrics;
    this.#hears = hears;
    this.port = {
      prepare: (limits) => app.prepare(limits),
      validate: (txs) => app.validate(txs),
      membership: (height) => app.membership(height),
      hasWork: () => app.hasWork(),
      submit: (tx) => this.#submit(tx),
      execute: (header, txs) => this.#execute(header, txs),
      commitOps: () => this.#ops.splice(0),
    };
  }

  /** What a decided block did; each is asked for once. */
  executed({ height, final, header }: Decided, received_ms: number): ExecutedBlock {
    const result = this.#results.get(height);
    if (result === undefined) throw new Error(`height ${height} was decided but not executed`);
    this.#results.delete(height);
    const id = final.certificate.value ?? '';
    const checked = { id, header, final };
    return { checked, result, txs: () => ledgerBlock(checked).txs, received_ms };
  }

  #submit(wire: Uint8Array): boolean {
    const code = this.#app.submit(wire);
    if (code !== null) this.#metrics.add('sortition_host_refusals_total', 1, code);
    return code === null;
  }

  #execute(...[header, txs]: Parameters<ValidatorApp['execute']>): { readonly state_root: string } {
    const executed = this.#app.execute(header, txs);
    const block = this.#app.lastBlock();
    if (block === undefined) throw new Error('an executed block has a result');
    this.#results.set(block.height, block);
    this.#ops.push(...eventOps({ ...block, events: block.events.filter(this.#hears) }));
    for (const op of rowOps(block.changes)) this.#ops.push(op);
    for (const code of block.outcomes) this.#metrics.add('sortition_ledger_transactions_total', 1, code ?? 'OK');
    this.#metrics.set('sortition_ledger_mempool_transactions', this.#app.waitingCount());
    return executed;
  }
}

/** Evidence that consensus found, until the validator's duties take it as the `evidence` port. */
class EvidenceQueue {
  readonly #found: EvidenceBytes[] = [];
  #wake = (): void => undefined;

  readonly port: IoPort = async (_request, { signal }) => {
    for (;;) {
      const next = this.#found.shift();
      if (next !== undefined) return next;
      await new Promise<void>((resolve) => {
        const end = (): void => {
          signal.removeEventListener('abort', end);
          resolve();
        };
        this.#wake = end;
        signal.addEventListener('abort', end);
      });
      signal.throwIfAborted();
    }
  };

  add(evidence: EvidenceBytes): void {
    // An equivocator can make thousands of pairs; a few prove it.
    if (this.#found.length < MAX_KEPT_EVIDENCE) this.#found.push(evidence);
    this.#wake();
  }
}
