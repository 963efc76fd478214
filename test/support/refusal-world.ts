// One live network for everything that it must refuse: its keys, ways in, a follower of its chain, and what operators see counted.
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ledger } from '#machines/settlement/ledger.ts';
import type { BlockChanges } from '#machines/settlement/types.ts';
import type { Bus } from '#runtime/bus/bus.ts';
import { connectBus } from '#runtime/bus/jetstream-bus.ts';
import { type Signer, signer } from '#runtime/keys/ed25519.ts';
import { readKeyFile } from '#runtime/keys/key-file.ts';
import { admit } from '#runtime/network/admitted.ts';
import { ConsoleClient } from '#runtime/network/console-client.ts';
import { keyPath } from '#runtime/network/local-genesis.ts';
import { type RunningNetwork, startLocalNetwork } from '#runtime/network/local-network.ts';
import { openReplica, type Replica } from '#runtime/node/replica.ts';
import { systemClock } from '#runtime/node/system-clock.ts';
import { createLog } from '#runtime/observe/log.ts';
import { createMetrics } from '#runtime/observe/metrics.ts';
import { MemoryDisk, openMemoryStore } from '#runtime/store/memory-store.ts';
import type { FinalBlock } from '#schemas/consensus/types.ts';
import type { Tx, TxBody } from '#schemas/settlement/transaction.ts';
import { encodeTx, txBytes, txSignBytes } from '#schemas/settlement/tx-codec.ts';
import type { Code } from '#schemas/wire/codes.ts';
import type { ActorKind } from '#schemas/wire/subjects.ts';
import { until } from './until.ts';

/** Who counts a refusal: a node by its name, the ledger in its validators, the broker in its own log. */
export type Place = 'gateway' | 'validator-1' | 'shuffler' | 'workers-ada' | 'ledger' | 'broker';
export type Answer = { readonly status: number; readonly body: Readonly<Record<string, unknown>> };

/** Generous: the machines that run this are busy. */
export const PATIENT_MS = 30_000;
const EXPIRY_HEIGHTS = 5_000;
/** Actors of the test beside those of the network: a worker and an archiver that lie, admitted by the broker, registered when a row needs them. */
const EXTRA = { liar: 'worker', scribe: 'archiver', fresh: 'client' } as const satisfies Record<string, ActorKind>;

export class RefusalWorld {
  readonly dir: string;
  readonly running: RunningNetwork;
  readonly client: ConsoleClient;
  readonly #keys: ReadonlyMap<string, Signer>;
  readonly #buses = new Map<string, Bus>();
  readonly #listeners: ((result: BlockChanges) => void)[] = [];
  /** Subjects that the broker refused to the actors of this test. */
  readonly refusedSubjects: string[] = [];
  #replica: Replica | undefined;
  #final: FinalBlock | undefined;

  private constructor(dir: string, running: RunningNetwork, keys: ReadonlyMap<string, Signer>) {
    this.dir = dir;
    this.running = running;
    this.client = new ConsoleClient(running.gateway_url, { ms: PATIENT_MS });
    this.#keys = keys;
  }

  static async start(): Promise<RefusalWorld> {
    const dir = await mkdtemp(join(tmpdir(), 'sortition-refusals-'));
    await mkdir(dir, { recursive: true });
    const extra = Object.entries(EXTRA).map(([name, kind]) => ({ name, kind, key: newSigner() }));
    for (const { key, kind } of extra) await admit(dir, { id: key.id, kind });
    const running = await startLocalNetwork({ dir, port: 0, isSupervised: false });
    const keys = new Map(extra.map(({ name, key }) => [name, key]));
    for (const name of KEYS) keys.set(name, await readKeyFile(keyPath(dir, name)));
    const world = new RefusalWorld(dir, running, keys);
    try {
      await world.#follow();
      return world;
    } catch (error) {
      await world.stop();
      await world.forget();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.#replica?.close();
    await Promise.all(Array.from(this.#buses.values(), (bus) => bus.close()));
    await this.running.stop();
  }

  forget = (): Promise<void> => rm(this.dir, { recursive: true, force: true });

  get chain(): string {
    return this.running.network.chain.id;
  }

  get ledger(): Ledger {
    if (this.#replica === undefined) throw new Error('the world is not started');
    return this.#replica.ledger;
  }

  /** The newest final block that was heard. */
  get final(): FinalBlock {
    if (this.#final === undefined) throw new Error('no block was heard yet');
    return this.#final;
  }

  key(name: string): Signer {
    const key = this.#keys.get(name);
    if (key === undefined) throw new Error(`no key is called ${name}`);
    return key;
  }

  /** A connection of this actor, beside that of its own node. */
  async bus(name: string): Promise<Bus> {
    const known = this.#buses.get(name);
    if (known !== undefined) return known;
    const onRefused = ({ subject }: { readonly subject: string }): void => void this.refusedSubjects.push(subject);
    const bus = await connectBus({ url: this.running.broker.url, signer: this.key(name), onRefused });
    this.#buses.set(name, bus);
    return bus;
  }

  onBlock(listener: (result: BlockChanges) => void): void {
    this.#listeners.push(listener);
  }

  /** How often this place has refused with this code, as its operator sees it. */
  async counted(place: Place, code: Code): Promise<number> {
    if (place === 'broker') return this.running.broker.refusals.get(code) ?? 0;
    const node = place === 'ledger' ? 'validator-1' : place;
    const metric = place === 'ledger' ? 'sortition_ledger_transactions_total' : 'sortition_host_refusals_total';
    const text = await (await fetch(`${await this.running.process(node)?.ready}/metrics`)).text();
    return Number(new RegExp(`^${metric}\\{code="${code}"\\} (\\d+)`, 'm').exec(text)?.[1] ?? 0);
  }

  /** The next transaction of an account, and what a row changes in it. */
  async tx(name: string, body: TxBody, change: Partial<Tx> = {}): Promise<Tx> {
    const { id } = this.key(name);
    const { next_nonce } = await this.client.account(id);
    const expiry_height = this.ledger.height() + EXPIRY_HEIGHTS;
    return { v: 1, chain: this.chain, account: id, nonce: next_nonce, expiry_height, fee_units: 0n, body, ...change };
  }

  /** Sign with the account's key, or with another one. */
  wire(tx: Tx, key: Signer): Uint8Array {
    const bytes = txBytes(tx);
    return encodeTx(bytes, key.sign(txSignBytes(bytes)));
  }

  /** POST bytes to the gateway. */
  async post(bytes: Uint8Array, type = 'application/octet-stream'): Promise<Answer> {
    const body = new Uint8Array(bytes);
    const response = await fetch(`${this.client.url}/api/transactions`, {
      method: 'POST',
      body,
      headers: { 'content-type': type },
    });
    return { status: response.status, body: (await response.json()) as Answer['body'] };
  }

  /** Hand a transaction in over HTTP; null when the ledger applied it, else its code. */
  async execute(name: string, body: TxBody): Promise<Code | null> {
    const { status, body: accepted } = await this.post(this.wire(await this.tx(name, body), this.key(name)));
    if (status !== 202) throw new Error(`the gateway answered ${status} ${JSON.stringify(accepted)}`);
    return this.outcome(String(accepted['tx']));
  }

  /** What the ledger made of a transaction; null: applied. */
  async outcome(tx: string): Promise<Code | null> {
    const look = async (): Promise<{ readonly code: Code | null } | false> => {
      const status = await this.client.get<{ readonly state: string; readonly code?: Code }>(`/api/transactions/${tx}`);
      return status.state !== 'pending' && { code: status.code ?? null };
    };
    const { code } = await until(look, PATIENT_MS, `transaction ${tx} is final`);
    await this.caughtUp();
    return code;
  }

  /** The follower of this test has executed what the gateway has. */
  async caughtUp(): Promise<void> {
    const { height } = await this.client.view();
    await until(() => this.ledger.height() >= height, PATIENT_MS, `the follower reaches height ${height}`);
  }

  /** A node of its own: anyone with the genesis can follow the chain and check it. */
  async #follow(): Promise<void> {
    const bus = await this.bus('client');
    this.#replica = await openReplica({
      chain: this.running.network.chain,
      store: openMemoryStore(new MemoryDisk()),
      bus,
      clock: systemClock,
      log: createLog('follower', 'silent'),
      metrics: createMetrics(),
      hears: () => true,
      onBlock: ({ checked, result }) => {
        this.#final = checked.final;
        for (const listener of this.#listeners) listener(result);
      },
      keepConflict: async () => undefined,
      onFailure: (error) => {
        throw error;
      },
    });
    this.#replica.start();
    await until(() => this.#final !== undefined && this.ledger.height() > 1, PATIENT_MS, 'the follower hears a block');
    await this.caughtUp();
  }
}

/** Keys of the network that the rows use. */
const KEYS = [
  'client',
  'validator-1',
  'validator-2',
  'validator-3',
  'validator-4',
  'worker-ada-1',
  'archiver',
  'shuffler',
  'gateway',
  'operator-ada',
  'operator-services',
];

export const newSigner = (): Signer => signer(randomBytes(32));
/** A key of nobody. */
export const STRANGER = newSigner();
