// Validators with their real hosts in one process: in-memory broker and stores, real signatures and beacon, real time.
import { createHash } from 'node:crypto';
import { quorum } from '#machines/primitives/quorum.ts';
import { MemoryBroker } from '#runtime/bus/memory-bus.ts';
import { type BeaconDeal, dealShares } from '#runtime/consensus/beacon-dealer.ts';
import type { Decided } from '#runtime/consensus/turn.ts';
import { startValidator } from '#runtime/consensus/validator.ts';
import type { Validator, ValidatorApp } from '#runtime/consensus/validator-options.ts';
import type { Clock } from '#runtime/host/ports.ts';
import { type Signer, signer } from '#runtime/keys/ed25519.ts';
import { createLog } from '#runtime/observe/log.ts';
import { createMetrics } from '#runtime/observe/metrics.ts';
import { MemoryDisk, openMemoryStore } from '#runtime/store/memory-store.ts';
import type { Store, StoreOp } from '#runtime/store/store.ts';
import type { EvidenceBytes } from '#schemas/consensus/evidence-codec.ts';
import { encodeConsensusMessage } from '#schemas/consensus/message-codec.ts';
import type { CommitConflict, Membership, ValidatorSet } from '#schemas/consensus/types.ts';
import { voteSignBytes } from '#schemas/consensus/vote-codec.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { CHAIN, HashApp, membershipOf } from './network.ts';

/** Nothing is due: what happens follows from messages alone. */
export const stillClock: Clock = { now_ms: () => Date.now(), setTimer: () => () => undefined };

export const realClock: Clock = {
  now_ms: () => Date.now(),
  setTimer(delay_ms, fire) {
    const timer = setTimeout(fire, delay_ms);
    return () => clearTimeout(timer);
  },
};

/** The hash chain, with its root as the row that it changes. */
export class StoredHashApp extends HashApp implements ValidatorApp {
  submit(tx: Uint8Array): boolean {
    this.pool.push(tx);
    return true;
  }
  commitOps(): readonly StoreOp[] {
    return [{ type: 'put', key: 'app/root', value: Buffer.from(this.root, 'hex') }];
  }
}

export type Hosted = {
  readonly index: number;
  readonly key: Signer;
  disk: MemoryDisk;
  store: Store;
  app: StoredHashApp;
  validator: Validator | undefined;
  hasPower: boolean;
  readonly decided: Decided[];
  readonly evidence: EvidenceBytes[];
  readonly conflicts: CommitConflict[];
  readonly halts: string[];
};

/** A set of hosts over one broker. */
export class Hosts {
  readonly broker = new MemoryBroker();
  /** What validators that are started from now on keep their rows in. */
  openStore = async (host: Hosted): Promise<Store> =>
    openMemoryStore(host.disk, () => (host.hasPower ? undefined : 'lost'));
  /** Of the validators that are started from now on. */
  clock = realClock;
  readonly set: ValidatorSet;
  readonly all: Hosted[];
  readonly #membership: Membership;
  readonly #deal: BeaconDeal;
  readonly #waiting = new Set<() => void>();

  constructor(count: number) {
    this.#deal = dealShares(count, quorum(count), new Uint8Array(32).fill(1));
    const keys = Array.from({ length: count }, (_, i) => signer(createHash('sha256').update(`seed ${i}`).digest()));
    this.set = keys.map(({ id }, i) => ({
      id,
      operator: id,
      power: 1,
      beacon_shares: [this.#deal.shares[i]?.public ?? ''],
      cosigner: id,
      encryption_key: id,
    }));
    this.#membership = membershipOf(this.set, this.#deal.group_key);
    this.broker.connect('spectator').subscribe(subject.consensusAll, () => this.#check());
    this.all = keys.map((key, index) => ({
      index,
      key,
      disk: new MemoryDisk(),
      store: openMemoryStore(new MemoryDisk()),
      app: new StoredHashApp(this.#membership),
      validator: undefined,
      hasPower: true,
      decided: [],
      evidence: [],
      conflicts: [],
      halts: [],
    }));
  }

  host(i: number): Hosted {
    const host = this.all[i];
    if (host === undefined) throw new RangeError(`no host ${i}`);
    return host;
  }

  async start(i: number, is_first_start = true): Promise<void> {
    const host = this.host(i);
    host.hasPower = true;
    host.store = await this.openStore(host);
    const root = await host.store.get('app/root');
    host.app = new StoredHashApp(this.#membership);
    if (root !== undefined) host.app.root = Buffer.from(root).toString('hex');
    host.validator = await startValidator({
      config: {
        chain: CHAIN,
        self: host.key.id,
        timeouts: { propose_ms: 400, vote_ms: 200, rebroadcast_ms: 200, cap_ms: 10_000 },
        min_block_interval_ms: 0,
        max_block_interval_ms: 5_000,
      },
      genesis: { height: 0, id: '0'.repeat(64), time_ms: 0, state_root: '0'.repeat(64) },
      key: host.key,
      secrets: () => [this.#deal.shares[host.index]?.secret ?? ''],
      is_first_start,
      store: host.store,
      bus: this.broker.connect(host.key.id),
      app: host.app,
      clock: this.clock,
      log: createLog('test', 'silent'),
      metrics: createMetrics(),
      onFinal: (decided) => this.#note(() => host.decided.push(decided)),
      onEvidence: (evidence) => this.#note(() => host.evidence.push(evidence)),
      keepConflict: async (conflict) => void host.conflicts.push(conflict),
      onHalt: (code) => this.#note(() => host.halts.push(code)),
    });
  }

  /** A second machine with the key of validator `i` and nothing else of it; its place among the hosts. */
  deployTwice(i: number): number {
    const disk = new MemoryDisk();
    const own = {
      disk,
      store: openMemoryStore(disk),
      app: new StoredHashApp(this.#membership),
      validator: undefined,
      hasPower: true,
    };
    return this.all.push({ ...this.host(i), ...own, decided: [], evidence: [], conflicts: [], halts: [] }) - 1;
  }

  async stop(i: number): Promise<void> {
    await this.host(i).validator?.close();
    this.host(i).validator = undefined;
  }

  /** Its next life finds what was synced, and nothing of this one's writes from now on. */
  async cutPower(i: number): Promise<void> {
    this.host(i).hasPower = false;
    await this.stop(i).catch(() => undefined);
    this.host(i).validator = undefined;
  }

  async close(): Promise<void> {
    for (const i of this.all.keys()) await this.stop(i);
  }

  submit(text: string): void {
    for (const host of this.all) {
      host.app.submit(new TextEncoder().encode(text));
      host.validator?.workArrived();
    }
  }

  /** Validator `i` signs two prevotes for its present height, as if its key were deployed twice. */
  sayTwice(i: number): void {
    const { key, validator } = this.host(i);
    const height = validator?.position.height ?? 1;
    for (const value of ['1'.repeat(64), '2'.repeat(64)]) {
      const vote = { type: 'prevote', epoch: 0, height, round: 0, value, valid_round: -1, validator: i } as const;
      const signature = key.sign(voteSignBytes(CHAIN, vote));
      const message = encodeConsensusMessage({ type: 'vote', vote: { ...vote, signature } });
      this.broker.connect(key.id).cast(subject.consensus(height, 0, 'vote', key.id), message);
    }
  }

  /** The streams keep a status in which validator `i` stands at `height`. */
  keepStatus(i: number, height: number): void {
    const { id } = this.host(i).key;
    const status = encodeConsensusMessage({ type: 'status', from: id, height, round: 0, lowest_height: 1 });
    this.broker.connect(id).cast(subject.consensus(height, 0, 'status', id), status);
  }

  /** Resolves when `isDone`, asked after each message and event of a validator. */
  until(isDone: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (!isDone()) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }

  #note(happened: () => void): void {
    happened();
    this.#check();
  }

  #check(): void {
    for (const check of this.#waiting) check();
  }
}
