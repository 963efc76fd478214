// The ledger behind consensus: what enters the pool, what is proposed, what is voted for, what is executed.
import { describe, expect, test } from 'vitest';
import { createApplication } from '#machines/settlement/application.ts';
import { createLedger } from '#machines/settlement/ledger.ts';
import { Mempool } from '#machines/settlement/mempool.ts';
import type { Header } from '#schemas/consensus/types.ts';
import type { Tx, TxBody } from '#schemas/settlement/transaction.ts';
import { encodeTx, txBytes, txSignBytes } from '#schemas/settlement/tx-codec.ts';
import { CHAIN, CLIENT, genesisOf, id, SHUFFLER, START_MS, sign, twinCrypto } from './world/chain.ts';

const LIMITS = { max_bytes: 100_000, max_txs: 100 };
const pay = (amount_units = 1n): TxBody => ({ type: 'transfer', to: id('friend'), asset: 'credit', amount_units });

function signed(nonce: number, bend: Partial<Tx> = {}, key?: string): Uint8Array {
  const tx: Tx = { v: 1, chain: CHAIN, account: CLIENT, nonce, expiry_height: 50, fee_units: 1n, body: pay(), ...bend };
  const bytes = txBytes(tx);
  return encodeTx(bytes, sign(key ?? tx.account, txSignBytes(bytes)));
}

function open() {
  let verifications = 0;
  const crypto = {
    ...twinCrypto,
    verify: (...args: Parameters<typeof twinCrypto.verify>) => (verifications++, twinCrypto.verify(...args)),
  };
  const ledger = createLedger(genesisOf(), CHAIN, crypto);
  const app = createApplication(ledger, crypto);
  const header = (height: number): Header => ({
    v: 1,
    chain: CHAIN,
    epoch: 0,
    height,
    time_ms: START_MS + height * 100,
    proposer: 0,
    previous: '',
    txs_root: '',
    parts_hash: '',
    state_root: '',
    beacon: new Uint8Array(0),
    validators_hash: '',
    next_validators_hash: '',
  });
  const decide = (txs = app.prepare(LIMITS)) => app.execute(header(ledger.height() + 1), txs);
  return { app, ledger, decide, verifications: () => verifications };
}

describe('the pool', () => {
  test('a transaction waits, is proposed, executed and gone; its signature is verified once', () => {
    const { app, ledger, decide, verifications } = open();
    expect(app.hasWork()).toBe(false);
    expect(app.submit(signed(0))).toBe(null);
    expect(app.hasWork()).toBe(true);
    expect(app.validate(app.prepare(LIMITS))).toBe(true);
    const { state_root } = decide();
    expect(state_root).toBe(ledger.stateRoot());
    expect(app.lastBlock()).toMatchObject({ height: 1, txs_count: 1, outcomes: [null] });
    expect(ledger.balance('credit', id('friend'))).toBe(1n);
    expect([app.hasWork(), app.waitingCount(), verifications()]).toEqual([false, 0, 1]);
  });
  test('nonces that arrive out of order are proposed in order, and a gap is not work', () => {
    const { app, decide } = open();
    const [a, b, c] = [signed(0), signed(1), signed(2)] as const;
    expect([app.submit(c), app.submit(b)]).toEqual([null, null]);
    expect(app.hasWork()).toBe(false);
    expect(app.prepare(LIMITS)).toEqual([]);
    app.submit(a);
    expect(app.prepare(LIMITS)).toEqual([a, b, c]);
    expect(app.prepare({ ...LIMITS, max_txs: 2 })).toEqual([a, b]);
    expect(app.prepare({ ...LIMITS, max_bytes: a.length + 4 })).toEqual([a]);
    decide([a]);
    expect(app.prepare(LIMITS)).toEqual([b, c]);
  });
  test('accounts are served in the order of their first transaction', () => {
    const { app } = open();
    const mine = [signed(0), signed(1)] as const;
    const other = signed(0, { account: SHUFFLER });
    for (const wire of [mine[0], other, mine[1]]) app.submit(wire);
    expect(app.prepare(LIMITS)).toEqual([mine[0], other, mine[1]]);
  });
  test('what another validator executed is dropped here too, and an expired one in the end', () => {
    const { app, decide } = open();
    app.submit(signed(0));
    app.submit(signed(1, { expiry_height: 3 }));
    decide([signed(0, { body: pay(5n) })]);
    expect(app.waitingCount()).toBe(1);
    for (let i = 0; i < 70; i++) decide([]);
    expect(app.waitingCount()).toBe(0);
  });
  const refusals: [string, Uint8Array][] = [
    ['TX_MALFORMED', new Uint8Array(100)],
    ['TX_MALFORMED', new Uint8Array(3)],
    ['MESSAGE_TOO_LARGE', new Uint8Array(200_000)],
    ['TX_SIGNATURE_INVALID', signed(0, {}, id('thief'))],
    ['NETWORK_MISMATCH', signed(0, { chain: id('another chain') })],
    ['TX_EXPIRED', signed(0, { expiry_height: 0 })],
    ['TX_FEE_LOW', signed(0, { fee_units: 0n })],
    ['TX_NONCE_HIGH', signed(256)],
    ['BALANCE_LOW', signed(0, { account: id('poor') })],
  ];
  test.each(refusals)('%s is refused at the door', (code, wire) => {
    const { app } = open();
    expect(app.submit(wire)).toBe(code);
    expect(app.waitingCount()).toBe(0);
  });
  test('TX_KNOWN, TX_NONCE_TAKEN, and a higher fee replaces', () => {
    const { app } = open();
    const first = signed(0);
    const dearer = signed(0, { fee_units: 9n });
    expect(app.submit(first)).toBe(null);
    expect(app.submit(first)).toBe('TX_KNOWN');
    expect(app.submit(signed(0, { body: pay(2n) }))).toBe('TX_NONCE_TAKEN');
    expect(app.submit(dearer)).toBe(null);
    expect(app.prepare(LIMITS)).toEqual([dearer]);
  });
  test('TX_NONCE_LOW after execution', () => {
    const { app, decide } = open();
    app.submit(signed(0));
    decide();
    expect(app.submit(signed(0))).toBe('TX_NONCE_LOW');
  });
  test('one account holds 256 places, and replacing takes none', () => {
    const { app } = open();
    for (let nonce = 0; nonce < 256; nonce++) expect(app.submit(signed(nonce))).toBe(null);
    expect(app.submit(signed(255, { fee_units: 2n }))).toBe(null);
    expect(app.waitingCount()).toBe(256);
  });
  test('MEMPOOL_FULL at the limit of all places', () => {
    const pool = new Mempool({ check: () => null, nextNonce: () => 0 });
    const waiting = (i: number) => ({
      tx: { account: `${i}`, nonce: 0, fee_units: 1n } as Tx,
      wire: new Uint8Array(0),
    });
    for (let i = 0; i < 16_384; i++) pool.add(waiting(i));
    expect(pool.check(waiting(16_384).tx)).toBe('MEMPOOL_FULL');
    expect(pool.check({ ...waiting(5).tx, fee_units: 2n })).toBe(null);
  });
});

describe('blocks of others', () => {
  test('a body with a forged signature, bytes that are no transaction, or too much is not voted for', () => {
    const { app } = open();
    expect(app.validate([])).toBe(true);
    expect(app.validate([signed(0), signed(0, { account: SHUFFLER })])).toBe(true);
    expect(app.validate([signed(0, {}, id('thief'))])).toBe(false);
    expect(app.validate([new Uint8Array(100)])).toBe(false);
    expect(app.validate(Array.from({ length: 2_049 }, () => signed(0)))).toBe(false);
    expect(app.validate(Array.from({ length: 5 }, () => new Uint8Array(120_000)))).toBe(false);
  });
  test('a forged signature over words that are known is not taken for the true one', () => {
    const { app } = open();
    app.submit(signed(0));
    expect(app.validate([signed(0, {}, id('thief'))])).toBe(false);
  });
  test('a final block is executed as it is: what does not apply is refused inside it', () => {
    const { app, decide } = open();
    decide([signed(3), new Uint8Array(100), signed(0)]);
    expect(app.lastBlock()?.outcomes).toEqual(['TX_NONCE_HIGH', 'TX_MALFORMED', null]);
  });
});
