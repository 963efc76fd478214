// Validators with real keys around a real ledger, which make and hand on the beacon's key by what they say of their own accord; a
// test may bend what one of them says.
import * as dealings from '#machines/beacon/dealing.ts';
import { seatsCount, seatsOf, thresholdOf } from '#machines/beacon/plan.ts';
import type { KeygenView } from '#machines/settlement/keygen-view.ts';
import { createLedger, type Ledger, type LedgerBlock, openLedger } from '#machines/settlement/ledger.ts';
import { recover, signPartial, verifyBls } from '#runtime/consensus/beacon.ts';
import { type KeygenWord, keygenWords } from '#runtime/consensus/keygen-words.ts';
import { OwnShares } from '#runtime/consensus/own-shares.ts';
import { type EncryptionKey, encryptionKey } from '#runtime/keys/encryption-key.ts';
import type { Genesis } from '#schemas/config/genesis.ts';
import type { Membership } from '#schemas/consensus/types.ts';
import type { LedgerEvent } from '#schemas/settlement/state.ts';
import type { TxBody } from '#schemas/settlement/transaction.ts';
import { CHAIN, genesisOf, id, START_MS, sha256, twinCrypto, VALIDATORS } from '../settlement/world/chain.ts';
import { joinBody } from '../settlement/world/dealers.ts';

const crypto = { ...twinCrypto, dealings };
/** Who has stake and may ask for a place. */
export const CANDIDATES = ['c0', 'c1'].map(id) as [string, string];
const message = new Uint8Array(32).fill(9);
export const keyOf = (validator: string): EncryptionKey => encryptionKey(sha256(Buffer.from(validator, 'hex')));
export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** What a validator says instead of what it should. */
export type Bend = (words: readonly KeygenWord[], view: KeygenView, self: string) => readonly KeygenWord[];

export class LedgerNetwork {
  ledger: Ledger;
  readonly genesis: Genesis;
  readonly events: LedgerEvent[] = [];
  readonly outcomes: (string | null)[] = [];
  readonly missing: number[] = [];
  readonly #blocks: LedgerBlock[] = [];
  readonly #rows = new Map<string, Uint8Array>();
  readonly #bends: ReadonlyMap<string, Bend>;
  #shares = new Map<string, OwnShares>();

  constructor(powers: readonly number[], bends: ReadonlyMap<string, Bend> = new Map()) {
    const plain = genesisOf({
      powers,
      has_key: false,
      candidates: CANDIDATES,
      params: { epoch_heights: 20, keygen_phase_heights: 2 },
    });
    const validators = plain.validators.map((v) => ({ ...v, encryption_key: hexOf(keyOf(v.id).public) }));
    this.genesis = { ...plain, validators };
    this.ledger = createLedger(this.genesis, CHAIN, crypto);
    this.#bends = bends;
  }

  /** All that its node has after a restart is what is on the ledger, and its key. */
  shares(self: string): OwnShares {
    const known = this.#shares.get(self);
    if (known !== undefined) return known;
    const onMissing = (epoch: number): unknown => this.missing.push(epoch);
    const made = new OwnShares({
      id: self,
      key: keyOf(self),
      dealt: [],
      keygen: (epoch) => this.ledger.keygen(epoch),
      onMissing,
    });
    this.#shares.set(self, made);
    return made;
  }

  /** The set that has been fixed last. */
  get newest(): Membership {
    return this.ledger.membership(this.ledger.height() + 2);
  }

  get keygen(): KeygenView | undefined {
    return this.ledger.keygen(this.newest.epoch + 1);
  }

  words(self: string): readonly KeygenWord[] {
    const view = this.keygen;
    if (view === undefined) return [];
    const honest = keygenWords(view, { id: self, key: keyOf(self), shares: this.shares(self).of(this.newest) });
    return this.#bends.get(self)?.(honest, view, self) ?? honest;
  }

  block(bodies: readonly (readonly [string, TxBody])[] = []): void {
    const nonces = new Map<string, number>();
    const txs = bodies.map(([account, body]) => {
      const nonce = nonces.get(account) ?? this.ledger.nextNonce(account);
      nonces.set(account, nonce + 1);
      return {
        v: 1,
        chain: CHAIN,
        account,
        nonce,
        expiry_height: this.ledger.height() + 9,
        fee_units: 1n,
        body,
      } as const;
    });
    const height = this.ledger.height() + 1;
    const block = { height, time_ms: START_MS + 600 * height, beacon: null, txs };
    this.#blocks.push(block);
    const { events, outcomes, changes } = this.ledger.executeBlock(block);
    this.events.push(...events);
    this.outcomes.push(...outcomes);
    for (const { key, value } of changes)
      if (value === null) this.#rows.delete(key);
      else this.#rows.set(key, Uint8Array.from(value));
  }

  /** Blocks until a generation has ended; who is `away` hears and says nothing. */
  generate(away: readonly string[] = []): void {
    const { epoch } = this.newest;
    const isOver = (e: LedgerEvent): boolean => e.type === 'keygen.failed' || e.type === 'membership.changed';
    for (const first = this.events.length; !this.events.slice(first).some(isOver); ) {
      const everybody = [...VALIDATORS, ...CANDIDATES].filter((who) => !away.includes(who));
      this.block(everybody.flatMap((who) => this.words(who).map((body) => [who, body] as const)));
      if (this.ledger.height() > 200) throw new Error(`no end of the generation for epoch ${epoch + 1}`);
    }
  }

  /** The ledger from its rows, and no validator remembers anything. */
  restart(): void {
    this.ledger =
      this.#rows.size === 0
        ? createLedger(this.genesis, CHAIN, crypto)
        : openLedger(this.genesis, CHAIN, crypto, this.#rows);
    for (const block of this.#blocks.slice(this.ledger.height())) this.ledger.executeBlock(block);
    this.#shares = new Map();
  }

  /** Whether every member has its shares, and the first as the last t seats of the newest set sign under its key. */
  hasKey(): boolean {
    const { validators, beacon_key } = this.newest;
    const threshold = thresholdOf(validators);
    const partials = validators.flatMap((validator, i) => {
      const own = this.shares(validator.id).of(this.newest);
      return seatsOf(validators, i).map((seat, k) => ({ seat, signature: signPartial(own[k] ?? '', message) }));
    });
    const made = [partials.slice(0, threshold), partials.slice(-threshold)].map(
      (some) => recover(some, seatsCount(validators)) ?? new Uint8Array(0),
    );
    return made.every((signature) => verifyBls(beacon_key ?? '', message, signature)) && this.missing.length === 0;
  }

  qualified = (): readonly string[] => this.ledger.keygen(this.newest.epoch)?.row.qualified ?? [];
  faults = () => this.events.flatMap((e) => (e.type === 'keygen.fault' ? [[e.validator, e.code]] : []));
}

/** With the encryption key that it has here. */
export const join = (validator: string, power: number): TxBody =>
  joinBody(validator, power, {}, hexOf(keyOf(validator).public));
