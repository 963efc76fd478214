// A network of validator processes over a real broker, for the consensus bench and the drills: start, kill, restart, submit.
import { type ChildProcess, fork } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { quorum } from '#machines/primitives/quorum.ts';
import { startBroker } from '#runtime/broker/broker.ts';
import { connectBus } from '#runtime/bus/jetstream-bus.ts';
import { provisionStreams } from '#runtime/bus/provision.ts';
import { dealShares } from '#runtime/consensus/beacon-dealer.ts';
import { signer } from '#runtime/keys/ed25519.ts';
import { openRocksStore } from '#runtime/store/rocks-store.ts';
import type { StoreOp } from '#runtime/store/store.ts';
import type { Membership } from '#schemas/consensus/types.ts';
import { subject } from '#schemas/wire/subjects.ts';
import type { ChildPlan, ChildReport } from './consensus-child.ts';
import { writeChain } from './written-chain.ts';

const CHILD = fileURLToPath(new URL('./consensus-child.ts', import.meta.url));

export type Final = Extract<ChildReport, { type: 'final' }>;

export type ValidatorNetwork = {
  readonly membership: Membership;
  /** Process of validator `i`; another one after a restart. */
  child(i: number): ChildProcess;
  /** A transaction of 256 random bytes for all validators. */
  submit(): void;
  /** What validator `i` reported, or will report, of the block at `height`. */
  reached(i: number, height: number): Promise<Final>;
  kill(i: number): Promise<void>;
  /** The same validator again on what it left on disk; or with nothing, when its disk is wiped. */
  restart(i: number, options?: { readonly isWiped: boolean }): Promise<void>;
  stop(): Promise<void>;
};

/** What a network begins with: blocks that some of its validators hold as final, and which of them run, the first ones. */
export type Beginning = { readonly blocks: number; readonly running: number };

export async function startValidators(
  count: number,
  { blocks, running }: Beginning = { blocks: 0, running: count },
): Promise<ValidatorNetwork> {
  const dir = await mkdtemp(join(tmpdir(), 'sortition-validators-'));
  const seeds = Array.from({ length: count }, () => randomBytes(32));
  const keys = seeds.map(signer);
  const [provisioner, client] = [signer(randomBytes(32)), signer(randomBytes(32))];
  const users = [
    ...keys.map(({ id }) => ({ id, kind: 'validator' as const })),
    { id: client.id, kind: 'client' as const },
  ];
  const broker = await startBroker({ dir: join(dir, 'broker'), users, provisioner: provisioner.id });
  const { url } = broker;
  const streams = await provisionStreams({ url, signer: provisioner, onRefused: fail });
  const bus = await connectBus({ url, signer: client, onRefused: fail });
  const deal = dealShares(count, quorum(count), randomBytes(32));
  const validators = keys.map(({ id }, i) => ({
    id,
    operator: id,
    power: 1,
    beacon_shares: [deal.shares[i]?.public ?? ''],
    cosigner: id,
    encryption_key: id,
  }));
  const chain = createHash('sha256').update(randomBytes(32)).digest('hex');
  const dirOf = (self: number): string => join(dir, `${self}`);
  const membership = { epoch: 0, first_height: 1, validators, beacon_key: deal.group_key, proposer_seed: chain };
  const planOf = (self: number, is_first_start: boolean): ChildPlan => ({
    self,
    seed: seeds[self]?.toString('hex') ?? '',
    dir: dirOf(self),
    url,
    chain,
    membership,
    secret_shares: [deal.shares[self]?.secret ?? ''],
    is_first_start,
  });
  const seen = keys.map(() => new Map<number, Final>());
  const start = (self: number, is_first_start: boolean): Promise<ChildProcess> =>
    startChild(planOf(self, is_first_start), (final) => seen[self]?.set(final.height, final));
  const runners = Array.from({ length: running }, (_, self) => self);
  if (blocks > 0) await fillStores(runners.map(dirOf), writeChain({ chain, keys, membership }, blocks));
  const children = await Promise.all(runners.map((self) => start(self, blocks === 0)));
  const child = (i: number): ChildProcess => {
    const found = children[i];
    if (found === undefined) throw new RangeError(`no validator ${i}`);
    return found;
  };
  return {
    membership,
    child,
    submit: () => bus.cast(subject.transaction(client.id), randomBytes(256)),
    reached: async (i, height) => seen[i]?.get(height) ?? nextFinal(child(i), (final) => final.height === height),
    kill: (i) => end(child(i)),
    async restart(i, { isWiped } = { isWiped: false }) {
      if (isWiped) {
        await rm(dirOf(i), { recursive: true });
        seen[i]?.clear();
      }
      children[i] = await start(i, false);
    },
    async stop() {
      await Promise.all(children.map(end));
      await bus.close();
      await streams.close();
      await broker.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function fillStores(dirs: readonly string[], ops: readonly StoreOp[]): Promise<void> {
  for (const dir of dirs) {
    const store = await openRocksStore(dir);
    await store.batch(ops);
    await store.close();
  }
}

/** Resolves when the child is up. One that catches up may have told of blocks by then, so it is heard from the beginning. */
async function startChild(plan: ChildPlan, onFinal: (final: Final) => void): Promise<ChildProcess> {
  const child = fork(CHILD, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  child.on('message', (report: ChildReport) => {
    if (report.type === 'final') onFinal(report);
  });
  const ready = next(child, 'ready');
  child.send(plan);
  await ready;
  return child;
}

/** SIGKILL, and its end. */
function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGKILL');
  return ended;
}

/** The next report of this type that `isWanted`. It listens until then without a gap: reports can come several at a time. */
export function next<T extends ChildReport['type']>(
  child: EventEmitter,
  type: T,
  isWanted: (report: Extract<ChildReport, { type: T }>) => boolean = () => true,
): Promise<Extract<ChildReport, { type: T }>> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => {
      child.off('message', onMessage);
      reject(new Error(`a validator process ended with ${code}`));
    };
    const onMessage = (message: unknown) => {
      const report = message as Extract<ChildReport, { type: T }>;
      if (report.type !== type || !isWanted(report)) return;
      child.off('message', onMessage).off('exit', onExit);
      resolve(report);
    };
    child.on('message', onMessage).once('exit', onExit);
  });
}

/** The next block that `isWanted`; by default one with a transaction of ours. */
export const nextFinal = (
  child: EventEmitter,
  isWanted = (final: Final) => final.finality_ms.length > 0,
): Promise<Final> => next(child, 'final', isWanted);

function fail(error: Error): never {
  throw error;
}
