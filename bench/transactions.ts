// Transfers a second through a whole network: signed by clients, checked, ordered, executed and under a state root at every validator.
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bus } from '#runtime/bus/bus.ts';
import { connectBus } from '#runtime/bus/jetstream-bus.ts';
import { type Signer, signer } from '#runtime/keys/ed25519.ts';
import { readKeyFile } from '#runtime/keys/key-file.ts';
import { pause } from '#runtime/network/console-client.ts';
import { keyPath } from '#runtime/network/local-genesis.ts';
import { type RunningNetwork, startLocalNetwork } from '#runtime/network/local-network.ts';
import { decodeFinalBlock } from '#schemas/consensus/message-codec.ts';
import { encodeTx, txBytes, txSignBytes } from '#schemas/settlement/tx-codec.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { type Metrics, perSecond } from './figures.ts';

/** Accounts that pay each other in a ring, and transfers of each: fewer than a pool holds of one account wait at a time. */
const ACCOUNTS = 64;
const TRANSFERS = 384;
const TOTAL = ACCOUNTS * TRANSFERS;
/** Final before the clock starts: compilers and caches warm up. */
const WARM_UP = TOTAL / 4;
/** On their way at a time: more than a block takes, and a quarter of what a pool holds. */
const UNDER_WAY = 4_096;
const LOOK_EVERY_MS = 5;
/** Nothing final for so long: something was lost on the way, and all that is under way is sent again. */
const SILENCE_MS = 2_000;

/**
 * `transfers_per_second`: executed at every validator, each a process; with one validator, what its own pipeline takes from the broker
 * to the disk; `transfer_bytes`: on the wire, signature included.
 */
export async function benchTransactions({ validators }: { readonly validators: number }): Promise<Metrics> {
  const dir = await mkdtemp(join(tmpdir(), 'sortition-transfers-'));
  const shape = { validators_count: validators, is_compact: true };
  const network = await startLocalNetwork({ dir, port: 0, isSupervised: false, shape });
  try {
    return await measure(network, await readKeyFile(keyPath(dir, 'client')));
  } finally {
    await network.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

async function measure(running: RunningNetwork, bank: Signer): Promise<Metrics> {
  const bus = await connectBus({ url: running.broker.url, signer: bank, onRefused: fail });
  const urls = await Promise.all(running.network.nodes.flatMap(({ name }) => running.process(name)?.ready ?? []));
  const clients = new Clients(bus, running.network.chain.id, bank);
  await clients.send(clients.funding, 0);
  const transfers = clients.transfers();
  const started_ms = await clients.send(transfers, WARM_UP);
  await executedBy(urls, ACCOUNTS + TOTAL);
  const seconds = (performance.now() - started_ms) / 1_000;
  await bus.close();
  return {
    transfers_per_second: perSecond((TOTAL - WARM_UP) / seconds, 'transfers'),
    transfer_bytes: { value: transfers[0]?.length ?? 0, unit: 'bytes' },
  };
}

class Clients {
  readonly #bus: Bus;
  readonly #chain: string;
  readonly #bank: Signer;
  readonly #accounts: readonly Signer[];
  /** Transfers in final blocks, and the heights that they were counted of: a block comes from more than one validator. */
  #final = 0;
  readonly #heights = new Set<number>();

  constructor(bus: Bus, chain: string, bank: Signer) {
    this.#bus = bus;
    this.#chain = chain;
    this.#bank = bank;
    this.#accounts = Array.from({ length: ACCOUNTS }, (_, i) =>
      signer(createHash('sha256').update(`payer ${i}`).digest()),
    );
    bus.subscribe(subject.blockAll, ({ data }) => this.#count(data));
  }

  /** Money for every account. */
  get funding(): readonly Uint8Array[] {
    return this.#accounts.map(({ id }, nonce) => this.#transfer(this.#bank, nonce, id, BigInt(TRANSFERS)));
  }

  /** Signed before the clock starts, in the order in which they can execute. */
  transfers(): readonly Uint8Array[] {
    return Array.from({ length: TOTAL }, (_, i) => {
      const [payer, payee] = [i % ACCOUNTS, (i + 1) % ACCOUNTS].map((at) => this.#accounts[at]);
      return this.#transfer(payer ?? this.#bank, Math.floor(i / ACCOUNTS), payee?.id ?? '', 1n);
    });
  }

  /** Resolves when all of them are in final blocks, with the time when `warm_up` were. */
  async send(wires: readonly Uint8Array[], warm_up: number): Promise<number> {
    const before = this.#final;
    let [sent, seen, seen_ms, warm_ms] = [0, 0, performance.now(), performance.now()];
    for (let final = 0; final < wires.length; final = this.#final - before) {
      const now_ms = performance.now();
      if (seen < warm_up && final >= warm_up) warm_ms = now_ms;
      if (final > seen) [seen, seen_ms] = [final, now_ms];
      if (now_ms - seen_ms > SILENCE_MS) [sent, seen_ms] = [final, now_ms];
      for (; sent < Math.min(wires.length, final + UNDER_WAY); sent++)
        this.#bus.cast(subject.transaction(this.#bank.id), wires[sent] ?? new Uint8Array());
      await pause(LOOK_EVERY_MS);
    }
    return warm_ms;
  }

  #transfer(payer: Signer, nonce: number, to: string, amount_units: bigint): Uint8Array {
    const body = { type: 'transfer', to, asset: 'credit', amount_units } as const;
    const tx = {
      v: 1,
      chain: this.#chain,
      account: payer.id,
      nonce,
      expiry_height: 50_000,
      fee_units: 0n,
      body,
    } as const;
    const bytes = txBytes(tx);
    return encodeTx(bytes, payer.sign(txSignBytes(bytes)));
  }

  #count(data: Uint8Array): void {
    const final = decodeFinalBlock(data);
    if (!final.ok) return;
    const { block, certificate } = final.value;
    if (this.#heights.has(certificate.height)) return;
    this.#heights.add(certificate.height);
    this.#final += block.txs.filter(isTransfer).length;
  }
}

/** Heartbeats are on the chain as well. Decoding all of it would take the time that the validators need. */
const isTransfer = (wire: Uint8Array): boolean =>
  Buffer.from(wire.buffer, wire.byteOffset, wire.length).includes('transfer');

/** Resolves when each of the nodes has executed so many, none of them refused. */
async function executedBy(urls: readonly string[], count: number): Promise<void> {
  for (const url of urls) {
    for (let executed = 0; executed < count; await pause(LOOK_EVERY_MS)) {
      const text = await (await fetch(`${url}/metrics`)).text();
      executed = Number(/^sortition_ledger_transactions_total\{[^}]*"OK"[^}]*\} (\d+)/m.exec(text)?.[1] ?? 0);
    }
  }
}

function fail(error: Error): never {
  throw error;
}
