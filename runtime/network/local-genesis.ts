// Makes the keys and the genesis of a network on one machine: four validators, six workers of three operators, and the services.
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { quorum } from '#machines/primitives/quorum.ts';
import type { ActorKind } from '#schemas/wire/subjects.ts';
import { dealShares } from '../consensus/beacon-dealer.ts';
import { writeBeaconShares } from '../consensus/share-file.ts';
import { ensureEncryptionKey } from '../keys/encryption-key.ts';
import { ensureKeyFile } from '../keys/key-file.ts';
import { type Chain, readGenesis } from './genesis-file.ts';

/** One process of the local network: a name, and the actors that it hosts by kind and key file. */
export type PlannedNode = {
  readonly name: string;
  readonly actors: readonly { readonly kind: ActorKind; readonly key: string }[];
  /** Validators only: secret shares of the beacon by the genesis' dealer, key that later ones are dealt to, key of the cosigner. */
  readonly beacon_share?: string;
  readonly encryption?: string;
  readonly cosigner?: string;
};
export type LocalNetwork = {
  readonly chain: Chain;
  readonly genesis_path: string;
  readonly nodes: readonly PlannedNode[];
};

/** How a network differs from the usual one; used by tests and benches. */
export type LocalShape = {
  readonly validators_count?: number;
  /** Seats of each validator: one each, if absent. */
  readonly validator_powers?: readonly number[];
  /** False: without a dealer, the validators make the beacon's key themselves on the chain. */
  readonly is_dealt?: boolean;
  /** Further nodes, numbered after the validators, with stake and keys: they may ask for a place in the set. */
  readonly candidates_count?: number;
  readonly params?: Partial<LocalParams>;
  /** One process for each operator: a validator with its workers, or with the services. */
  readonly is_compact?: boolean;
};
type LocalParams = typeof LOCAL_PARAMS;

const VALIDATORS_COUNT = 4;
const WORKER_OPERATORS = ['ada', 'bob', 'cyd'] as const;
const WORKERS_PER_OPERATOR = 2;
/** First balances, minor units: enough for years of jobs, and a stake ten times what a lie costs. */
const CLIENT_CREDIT = 10n ** 15n;
const CLIENT_STAKE = 10n ** 12n;
const WORKER_STAKE = 1_000_000n;
const VALIDATOR_STAKE = 10_000_000n;

/** The network in `dir`: made at the first call, read at later ones. */
export async function openLocalNetwork(dir: string, shape: LocalShape = {}): Promise<LocalNetwork> {
  const genesis_path = join(dir, 'genesis.json');
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const exists = await readFile(genesis_path).then(
    () => true,
    () => false,
  );
  if (!exists) await writeFile(genesis_path, await makeGenesis(dir, shape), { flag: 'wx' });
  const chain = await readGenesis(genesis_path);
  const nodes = planNodes(dir, chain, shape.candidates_count ?? 0);
  return { chain, genesis_path, nodes: shape.is_compact === true ? compact(nodes) : nodes };
}

/** Path of a key file of the local network. */
export const keyPath = (dir: string, name: string): string => join(dir, 'keys', `${name}.seed`);
const sharePath = (dir: string, validator: number): string => join(dir, 'keys', `beacon-${validator}.share`);

/** Hex. */
const encryptionKeyOf = async (path: string): Promise<string> =>
  Buffer.from((await ensureEncryptionKey(path)).public).toString('hex');

function planNodes(dir: string, { genesis }: Chain, candidates_count: number): readonly PlannedNode[] {
  const one = (kind: ActorKind): PlannedNode => ({ name: kind, actors: [{ kind, key: keyPath(dir, kind) }] });
  const validators = numbered(genesis.validators.length + candidates_count).map(
    (i): PlannedNode => ({
      name: `validator-${i}`,
      actors: [{ kind: 'validator', key: keyPath(dir, `validator-${i}`) }],
      ...(genesis.beacon_key === null || i > genesis.validators.length ? {} : { beacon_share: sharePath(dir, i) }),
      encryption: keyPath(dir, `encryption-${i}`),
      cosigner: keyPath(dir, `cosigner-${i}`),
    }),
  );
  const workers = WORKER_OPERATORS.map(
    (operator): PlannedNode => ({
      name: `workers-${operator}`,
      actors: numbered(WORKERS_PER_OPERATOR).map((i) => ({
        kind: 'worker',
        key: keyPath(dir, `worker-${operator}-${i}`),
      })),
    }),
  );
  return [...validators, one('shuffler'), ...workers, one('archiver'), one('gateway')];
}

/** As many processes as validators, each with one copy of the ledger for all that it hosts: an operator's workers, or the services. */
function compact(nodes: readonly PlannedNode[]): readonly PlannedNode[] {
  const isOf = (prefix: string) => (node: PlannedNode) => node.name.startsWith(prefix);
  const validators = nodes.filter(isOf('validator'));
  const services = nodes.filter((node) => !isOf('validator')(node) && !isOf('workers')(node));
  const groups = [
    ...nodes.filter(isOf('workers')),
    { name: 'gateway', actors: services.flatMap(({ actors }) => actors) },
  ];
  return validators.map((validator, i) => {
    const hosted = groups.filter((_, at) => at % validators.length === i);
    return {
      ...validator,
      name: hosted.at(-1)?.name ?? validator.name,
      actors: [...validator.actors, ...hosted.flatMap(({ actors }) => actors)],
    };
  });
}

async function makeGenesis(dir: string, shape: LocalShape): Promise<string> {
  const id = async (name: string): Promise<string> => (await ensureKeyFile(keyPath(dir, name))).id;
  const powers = shape.validator_powers ?? numbered(shape.validators_count ?? VALIDATORS_COUNT).map(() => 1);
  const { beacon_key, shares } = await dealt(dir, powers, shape.is_dealt ?? true);
  const validators = [];
  for (const [i, power] of powers.entries())
    validators.push({
      id: await id(`validator-${i + 1}`),
      operator: await id(`operator-validator-${i + 1}`),
      power,
      beacon_shares: shares[i] ?? [],
      cosigner: await id(`cosigner-${i + 1}`),
      encryption_key: await encryptionKeyOf(keyPath(dir, `encryption-${i + 1}`)),
    });
  const candidates = [];
  for (const i of numbered(shape.candidates_count ?? 0)) {
    const number = powers.length + i;
    candidates.push({ id: await id(`validator-${number}`) });
    for (const name of [`operator-validator-${number}`, `cosigner-${number}`]) await id(name);
    await ensureEncryptionKey(keyPath(dir, `encryption-${number}`));
  }
  const workers = [];
  for (const operator of WORKER_OPERATORS)
    for (const i of numbered(WORKERS_PER_OPERATOR))
      workers.push({
        id: await id(`worker-${operator}-${i}`),
        kind: 'worker',
        operator: await id(`operator-${operator}`),
      });
  const services = [];
  for (const kind of ['shuffler', 'archiver', 'gateway', 'client'])
    services.push({
      id: await id(kind),
      kind,
      operator: await id(kind === 'client' ? 'operator-client' : 'operator-services'),
    });
  const balances = [
    { account: await id('client'), asset: 'credit', amount_units: String(CLIENT_CREDIT) },
    { account: await id('client'), asset: 'stake', amount_units: String(CLIENT_STAKE) },
    ...workers.map((w) => ({ account: w.id, asset: 'stake', amount_units: String(WORKER_STAKE) })),
    ...[...validators, ...candidates].map((v) => ({
      account: v.id,
      asset: 'stake',
      amount_units: String(VALIDATOR_STAKE),
    })),
  ];
  const genesis = {
    v: 1,
    network: 'local',
    time_ms: Date.now(),
    params: { ...LOCAL_PARAMS, ...shape.params },
    validators,
    beacon_key,
    nodes: [...workers, ...services],
    balances,
  };
  return `${JSON.stringify(genesis, null, 2)}\n`;
}

/** The key as a dealer makes it, each validator's public shares of it, and its secret ones on disk; or none. */
async function dealt(dir: string, powers: readonly number[], is_dealt: boolean) {
  if (!is_dealt) return { beacon_key: null, shares: [] };
  const seats_count = powers.reduce((sum, power) => sum + power, 0);
  const deal = dealShares(seats_count, quorum(seats_count), randomBytes(32));
  const rest = [...deal.shares];
  const own = powers.map((power) => rest.splice(0, power));
  for (const [i, shares] of own.entries())
    await writeBeaconShares(
      sharePath(dir, i + 1),
      shares.map(({ secret }) => secret),
    );
  return { beacon_key: deal.group_key, shares: own.map((shares) => shares.map((share) => share.public)) };
}

/** Parameters of a network whose nodes share one machine. */
const LOCAL_PARAMS = {
  min_block_interval_ms: 50,
  max_block_interval_ms: 5_000,
  timeout_propose_ms: 400,
  timeout_vote_ms: 200,
  min_fee_units: '0',
  worker_stake_units: '100000',
  away_after_ms: 30_000,
  commit_deadline_ms: 60_000,
  reveal_deadline_ms: 30_000,
  stand_in_after_ms: 2_000,
  open_units_per_worker: 4,
  epoch_heights: 100,
  keygen_phase_heights: 15,
  validator_stake_units: '1000000',
  unbonding_heights: 100_000,
};

const numbered = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i + 1);
