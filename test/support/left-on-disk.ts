// Looks at the databases of a stopped network: one chain, one state, all money there, every unit paid once.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Ledger } from '#machines/settlement/ledger.ts';
import { unitId } from '#machines/work/units.ts';
import { verifyBundle } from '#runtime/archive/verify.ts';
import { readFinalBlock } from '#runtime/consensus/block-store.ts';
import type { Chain } from '#runtime/network/genesis-file.ts';
import { openLocalNetwork } from '#runtime/network/local-genesis.ts';
import { nodeDir } from '#runtime/network/node-process.ts';
import { productionCrypto } from '#runtime/node/crypto.ts';
import { genesisElectorate } from '#runtime/node/final-blocks.ts';
import { readLedgerRows } from '#runtime/node/ledger-rows.ts';
import { loadLedger } from '#runtime/node/stored-ledger.ts';
import { openRocksStore } from '#runtime/store/rocks-store.ts';
import { decodeHeader } from '#schemas/consensus/block-codec.ts';
import { ROW_CODECS } from '#schemas/settlement/row-codec.ts';
import type { ProofRow } from '#schemas/settlement/state.ts';

export type LeftBlock = {
  readonly id: string;
  readonly state_root: string;
  readonly time_ms: number;
  readonly round: number;
};
/** What one node has on disk. */
export type LeftNode = {
  readonly name: string;
  readonly height: number;
  readonly state_root: string;
  /** Validators keep the blocks: by height, from 1. */
  readonly blocks: readonly LeftBlock[];
  readonly ledger: Ledger;
  /** Keys and bytes of all rows of its ledger as of the last checkpoint. */
  readonly rows: ReadonlyMap<string, Uint8Array>;
};

/** Read what every node left; a database that cannot be opened or does not add up fails. */
export async function readNodes(dir: string): Promise<readonly LeftNode[]> {
  const { chain, nodes } = await openLocalNetwork(dir);
  const left: LeftNode[] = [];
  for (const { name } of nodes) left.push(await readNode(dir, name, chain));
  return left;
}

async function readNode(dir: string, name: string, chain: Chain): Promise<LeftNode> {
  const store = await openRocksStore(join(nodeDir(dir, name), 'db'));
  try {
    const ledger = await loadLedger(chain, productionCrypto, store);
    const rows = new Map(await readLedgerRows(store));
    const blocks: LeftBlock[] = [];
    for (let height = 1; ; height++) {
      const final = await readFinalBlock(store, height);
      if (final === undefined) break;
      const header = decodeHeader(final.block.header);
      if (!header.ok) throw new Error(`${name}: block ${height} cannot be read`);
      const { state_root, time_ms } = header.value;
      blocks.push({ id: final.certificate.value ?? '', round: final.certificate.round, state_root, time_ms });
    }
    return { name, height: ledger.height(), state_root: ledger.stateRoot(), blocks, ledger, rows };
  } finally {
    await store.close();
  }
}

/** No two nodes hold different blocks or states of one height, and each ledger is where its blocks end. */
export function expectOneChain(nodes: readonly LeftNode[]): void {
  const longest = nodes.reduce((a, b) => (a.blocks.length >= b.blocks.length ? a : b));
  for (const { name, blocks, height, state_root } of nodes) {
    if (blocks.length > 0) {
      const ids = (all: readonly LeftBlock[]) => ({ name, ids: all.slice(0, height).map(({ id }) => id) });
      expect(ids(blocks)).toEqual(ids(longest.blocks));
      expect({ name, height }).toEqual({ name, height: blocks.length });
    }
    // A block names the state before it.
    const next = longest.blocks[height];
    if (next !== undefined) expect({ name, height, state_root }).toEqual({ name, height, state_root: next.state_root });
  }
  const tips = nodes.filter(({ height }) => height === longest.height);
  expect(new Set(tips.map(({ state_root }) => state_root)).size).toBe(1);
}

/** Balances of an asset, by account. */
function balances({ rows }: LeftNode, asset: string): Map<string, bigint> {
  const prefix = `accounts/${asset}/`;
  const those = Array.from(rows).filter(([key]) => key.startsWith(prefix));
  return new Map(
    those.map(([key, bytes]) => [key.slice(prefix.length), BigInt(ROW_CODECS.accounts.decode(bytes).amount_units)]),
  );
}

/** Every coin of the genesis is on some account, and no other, in the rows as in the ledger after the last block. */
export function expectAllMoneyThere(node: LeftNode, chain: Chain): void {
  for (const asset of ['credit', 'stake'] as const) {
    const issued = chain.genesis.balances.filter((b) => b.asset === asset).reduce((sum, b) => sum + b.amount_units, 0n);
    expect({ asset, held: sum(balances(node, asset).values()) }).toEqual({ asset, held: issued });
    expect({ asset, held: node.ledger.supply(asset) }).toEqual({ asset, held: issued });
  }
}

/** Receipts of a job's units. */
export const receiptsOf = ({ ledger }: LeftNode, job: string): ProofRow[] =>
  Array.from({ length: ledger.job(job)?.units_count ?? 0 }, (_, index) => ledger.receipt(unitId(job, index))).filter(
    (receipt) => receipt !== undefined,
  );

/** Each unit was checked by two workers of other operators. */
function expectChecked({ ledger }: LeftNode, receipts: readonly ProofRow[]): void {
  const operatorOf = (id: string): string | undefined => ledger.node(id)?.operator;
  for (const { unit, worker, auditors } of receipts) {
    const others = auditors.filter((auditor) => operatorOf(auditor) !== operatorOf(worker));
    expect({ unit, others }).toEqual({ unit, others: auditors });
    expect(others.length).toBe(2);
  }
}

/** Each unit of a finished job has one receipt and its reward was paid out once; nothing is left in escrow. */
export function expectPaidOnce(
  node: LeftNode,
  jobs: readonly string[],
): { readonly receipts: number; readonly paid: bigint } {
  const { ledger } = node;
  let receipts = 0;
  let reserved = 0n;
  for (const id of jobs) {
    const job = ledger.job(id);
    if (job === undefined) throw new Error(`the ledger knows no job ${id}`);
    expect(job).toMatchObject({ settled_count: job.units_count, parked_count: 0 });
    const own = receiptsOf(node, id);
    expect(own.length).toBe(job.units_count);
    expectChecked(node, own);
    expect(ledger.balance('credit', `escrow:${id}`)).toBe(0n);
    receipts += own.length;
    reserved += BigInt(job.units_count) * BigInt(job.reward_per_unit_units);
  }
  return { receipts, paid: expectSettled(node, reserved) };
}

/** Settlements sum to zero, and together moved exactly what the jobs had reserved. */
function expectSettled({ ledger }: LeftNode, reserved: bigint): bigint {
  let paid = 0n;
  for (let seq = 0; seq < ledger.settlementsCount(); seq++) {
    const entries = ledger.settlement(seq)?.entries ?? [];
    for (const asset of ['credit', 'stake'])
      expect(sum(entries.filter(({ a }) => a === asset).map(({ d }) => d))).toBe(0n);
    paid += sum(entries.filter(({ a, d }) => a === 'credit' && d > 0n).map(({ d }) => d));
  }
  expect(paid).toBe(reserved);
  return paid;
}

/** One bundle for each settlement, each verifies from the genesis, and the newest holds them all. */
export async function expectBundles(dir: string, { ledger }: LeftNode): Promise<number> {
  const folder = join(nodeDir(dir, 'archiver'), 'bundles');
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.'));
  expect(names.length).toBe(ledger.settlementsCount());
  const { chain } = await openLocalNetwork(dir);
  const anchor = { network: chain.genesis.network, set: genesisElectorate(chain, productionCrypto) };
  for (const name of names) expect(verifyBundle(join(folder, name), { anchor })).toMatchObject({ ok: true });
  return names.length;
}

/** Everything that must hold after any drill in which jobs ended right. */
export async function expectExact(dir: string, jobs: readonly string[]): Promise<string> {
  const nodes = await readNodes(dir);
  expectOneChain(nodes);
  const newest = nodes.reduce((a, b) => (a.height >= b.height ? a : b));
  expectAllMoneyThere(newest, (await openLocalNetwork(dir)).chain);
  const { receipts, paid } = expectPaidOnce(newest, jobs);
  const bundles = await expectBundles(dir, newest);
  return `height ${newest.height}, ${receipts} receipts, ${paid} paid, ${bundles} bundles`;
}

const sum = (amounts: Iterable<bigint>): bigint => Array.from(amounts).reduce((a, b) => a + BigInt(b), 0n);
