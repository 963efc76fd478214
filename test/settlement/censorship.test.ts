// Who proposes chooses what is in the block, but not for long: evidence that all have heard of is in the next block of an honest one.
import { expect, test } from 'vitest';
import { createApplication, type LedgerApplication } from '#machines/settlement/application.ts';
import { createLedger, type Ledger } from '#machines/settlement/ledger.ts';
import type { Genesis } from '#schemas/config/genesis.ts';
import { decodeHeader } from '#schemas/consensus/block-codec.ts';
import { encodeEvidence } from '#schemas/consensus/evidence-codec.ts';
import type { Evidence } from '#schemas/consensus/types.ts';
import type { Tx } from '#schemas/settlement/transaction.ts';
import { decodeTx, encodeTx, txBytes, txSignBytes } from '#schemas/settlement/tx-codec.ts';
import { CHAIN, crypto, HashApp, membershipOf, Network, sign, signVote, validatorSet } from '../consensus/network.ts';
import { genesisOf, twinCrypto } from './world/chain.ts';

/** Seven validators, of which two are Byzantine and stand together: who votes twice, and who covers for it. */
const COUNT = 7;
const GUILTY = 6;
const ACCOMPLICE = 0;
const set = validatorSet(COUNT);
const ledgerCrypto = { ...crypto, dealings: twinCrypto.dealings };

function genesis(): Genesis {
  const world = genesisOf({ has_key: false });
  const balances = set.flatMap(({ id: account }) =>
    (['credit', 'stake'] as const).map((asset) => ({ account, asset, amount_units: 10_000n })),
  );
  return { ...world, time_ms: 0, validators: set.map((v) => ({ ...v, beacon_shares: [] })), balances };
}

const isEvidence = (wire: Uint8Array): boolean => {
  const tx = decodeTx(wire);
  return tx.ok && tx.value.tx.body.type === 'evidence';
};

/** The ledger, as a validator of the small network hosts it. A censor proposes no evidence, and refuses blocks that have any. */
class LedgerApp extends HashApp {
  readonly ledger: Ledger = createLedger(genesis(), CHAIN, ledgerCrypto);
  readonly #app: LedgerApplication = createApplication(this.ledger, ledgerCrypto);
  readonly #isCensor: boolean;
  constructor(isCensor: boolean) {
    super(membershipOf(set));
    this.#isCensor = isCensor;
  }
  submit = (wire: Uint8Array): string | null => this.#app.submit(wire);
  override prepare(): readonly Uint8Array[] {
    const all = this.#app.prepare({ max_bytes: 100_000, max_txs: 100 });
    return this.#isCensor ? all.filter((wire) => !isEvidence(wire)) : all;
  }
  override validate(txs: readonly Uint8Array[]): boolean {
    return this.#app.validate(txs) && !(this.#isCensor && txs.some(isEvidence));
  }
  override execute(...block: Parameters<LedgerApplication['execute']>) {
    return this.#app.execute(...block);
  }
  override hasWork = (): boolean => this.#app.hasWork();
}

/** The transaction with which a validator brings what it found. */
function accusation(finder: string, evidence: Evidence): Uint8Array {
  const body = { type: 'evidence', ...encodeEvidence(evidence) } as const;
  const tx: Tx = { v: 1, chain: CHAIN, account: finder, nonce: 0, expiry_height: 50, fee_units: 1n, body };
  const bytes = txBytes(tx);
  return encodeTx(bytes, sign(finder, txSignBytes(bytes)));
}

test('evidence that is gossiped is in the first block of an honest proposer, whatever the guilty and its accomplice propose', () => {
  const isCensor = (i: number): boolean => i === GUILTY || i === ACCOMPLICE;
  const apps = set.map((_, i) => new LedgerApp(isCensor(i)));
  const network = new Network(COUNT, { app: (i) => apps[i] as LedgerApp }).start();
  const heightOf = (): number => Math.min(...network.nodes.map(({ core }) => core.tip.height));
  // Height 7 is the guilty one's to lead, height 8 its accomplice's: two chances in a row to leave the evidence out.
  network.run(100_000, () => heightOf() === GUILTY);
  for (const value of ['1'.repeat(64), '2'.repeat(64)]) {
    const place = { epoch: 0, height: GUILTY + 1, round: 0, valid_round: -1, validator: GUILTY };
    const vote = signVote(set, { type: 'prevote', value, ...place });
    for (const i of set.keys()) network.input(i, { type: 'vote.received', vote, now_ms: network.now_ms });
  }
  const finders = network.nodes.flatMap(({ evidence: [found] }, i) => (found === undefined || isCensor(i) ? [] : [i]));
  expect(finders).toEqual([1, 2, 3, 4, 5]);
  for (const finder of finders) {
    const [found] = network.node(finder).evidence;
    const wire = accusation(set[finder]?.id ?? '', found as Evidence);
    for (const app of apps) expect(app.submit(wire)).toBe(null);
  }
  for (const i of set.keys()) network.input(i, { type: 'work.arrived', now_ms: network.now_ms });
  network.run(200_000, () => network.nodes.every(({ core }) => core.tip.height >= GUILTY + 4));

  const blocks = network.node(1).finals.map(({ block }) => {
    const header = decodeHeader(block.header);
    if (!header.ok) throw new Error(header.code);
    return {
      height: header.value.height,
      proposer: header.value.proposer,
      evidence: block.txs.filter(isEvidence).length,
    };
  });
  const since = blocks.filter(({ height }) => height > GUILTY);
  const first = since.findIndex(({ evidence }) => evidence > 0);
  // Each censor has led its height, and left it out: what brought it is not that their blocks failed.
  expect(since.slice(0, first).map(({ proposer }) => proposer)).toEqual([GUILTY, ACCOMPLICE]);
  expect(since[first]).toEqual({ height: GUILTY + 3, proposer: 1, evidence: finders.length });
  for (const { ledger } of apps) expect(ledger.balance('stake', set[GUILTY]?.id ?? '')).toBe(0n);
  expect(apps.map(({ ledger }) => ledger.balance('stake', 'burned'))).toEqual(Array(COUNT).fill(7_000n));
});
