// A worker in the hands of a test: it does what is drawn for it when it is told to, and can be made to do it wrong.
import { sha256 } from '@noble/hashes/sha2.js';
import { commitment } from '#machines/work/commitment.ts';
import { noopResults } from '#machines/work/kernels/noop.ts';
import { type Opening, openSubUnits, unitRoot } from '#machines/work/kernels/unit-tree.ts';
import { reportDigest } from '#machines/work/report-digest.ts';
import type { LedgerEvent } from '#schemas/settlement/state.ts';
import type { TxBody } from '#schemas/settlement/transaction.ts';
import { fromU128 } from '#schemas/wire/fields.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { heartbeatSignBytes } from '#schemas/work/heartbeat.ts';
import { resultsBody } from '../settlement/world/nodes.ts';
import type { RefusalWorld } from './refusal-world.ts';

type Assigned = Extract<LedgerEvent, { type: 'unit.assigned' }>;
type Audit = Extract<LedgerEvent, { type: 'audit.assigned' }>;

const SUB_UNITS = 4;
const SALT = new Uint8Array(16);

export class HandWorker {
  readonly #world: RefusalWorld;
  readonly #name: string;
  /** What was drawn for it and not done yet. */
  readonly units = new Map<string, Assigned>();
  readonly openings = new Map<string, Audit>();
  readonly reports = new Map<string, Audit>();
  #isFree = false;
  #nonce = 0;

  constructor(world: RefusalWorld, name: string) {
    this.#world = world;
    this.#name = name;
    world.onBlock(({ events }) => events.forEach((event) => this.#hear(event)));
  }

  get id(): string {
    return this.#world.key(this.#name).id;
  }

  /** Say that it is there, so that it is drawn. */
  async beat(): Promise<void> {
    const at_ms = Date.now();
    const signature = this.#world.key(this.#name).sign(heartbeatSignBytes(this.#world.chain, this.id, at_ms));
    await this.#world.execute('client', { type: 'availability', heartbeats: [{ worker: this.id, at_ms, signature }] });
  }

  /** From now on it does at once what is drawn for it, beginning with what it owes. */
  release(): void {
    this.#isFree = true;
    this.#nonce = this.#world.ledger.nextNonce(this.id);
    for (const unit of this.units.keys()) {
      const phase = this.#world.ledger.unit(unit)?.phase;
      this.#submit(phase === 'working' ? this.commit(unit) : this.reveal(unit));
    }
    for (const unit of this.openings.keys()) this.#submit(this.open(unit));
    for (const unit of this.reports.keys()) this.#submit(this.report(unit));
  }

  commit(unit: string, attempt = 1): TxBody {
    const fixed = commitment(this.id, { unit, attempt, ...this.#outcome(unit) }, sha256);
    return resultsBody({ commits: [[unit, attempt, fixed]] });
  }

  reveal(unit: string, change: { readonly attempt?: number; readonly fuel?: number } = {}): TxBody {
    const { attempt, root, output_hash, fuel, salt } = { attempt: 1, ...this.#outcome(unit), ...change };
    return resultsBody({ reveals: [[unit, attempt, root, output_hash, fuel, salt, []]] });
  }

  open(unit: string): TxBody {
    return resultsBody({ opens: [[unit, 1, this.openingsOf(unit)]] });
  }

  openingsOf(unit: string): Opening[] {
    return openSubUnits(this.#results(unit), this.openings.get(unit)?.indices ?? []);
  }

  report(unit: string): TxBody {
    const audit = this.reports.get(unit);
    if (audit === undefined) throw new Error(`no audit of ${unit} was drawn for it`);
    const results = noopResults(fromU128(audit.start), audit.indices);
    return resultsBody({ reports: [[unit, audit.attempt, reportDigest(this.id, audit, results, sha256)]] });
  }

  #hear(event: LedgerEvent): void {
    if (event.type === 'unit.assigned' && event.worker === this.id)
      this.#owe(this.units, event, () => this.commit(event.unit));
    if (event.type === 'unit.committed' && event.worker === this.id && this.#isFree)
      this.#submit(this.reveal(event.unit));
    if (event.type !== 'audit.assigned') return;
    if (event.worker === this.id) this.#owe(this.openings, event, () => this.open(event.unit));
    if (event.auditors.includes(this.id)) this.#owe(this.reports, event, () => this.report(event.unit));
  }

  #owe<E extends Assigned | Audit>(owed: Map<string, E>, event: E, body: () => TxBody): void {
    owed.set(event.unit, event);
    if (this.#isFree) this.#submit(body());
  }

  #submit(body: TxBody): void {
    void this.#send(body, this.#nonce++);
  }

  async #send(body: TxBody, nonce: number): Promise<void> {
    const world = this.#world;
    const tx = {
      v: 1,
      chain: world.chain,
      account: this.id,
      nonce,
      expiry_height: world.ledger.height() + 1_000,
      fee_units: 0n,
      body,
    } as const;
    await (await world.bus(this.#name)).publish(subject.transaction(this.id), world.wire(tx, world.key(this.#name)));
  }

  #results(unit: string): Uint8Array[] {
    const { start } = this.units.get(unit) ?? { start: SALT };
    return noopResults(fromU128(start), [...Array(SUB_UNITS).keys()]);
  }

  #outcome(unit: string) {
    const results = this.#results(unit);
    return { root: unitRoot(results), output_hash: sha256(Buffer.concat(results)), fuel: 0, salt: SALT };
  }
}
