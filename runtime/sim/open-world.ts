// Builds the world of one schedule: validators with their powers and twins, links, oracles, the application.
import { electorateOf } from '#machines/consensus/electorate.ts';
import { genesisMembership } from '#machines/consensus/genesis-membership.ts';
import type { CoreConfig } from '#machines/consensus/types.ts';
import { createPrng } from '#machines/primitives/prng.ts';
import { createLedger } from '#machines/settlement/ledger.ts';
import type { Genesis } from '#schemas/config/genesis.ts';
import { LayoutReader } from '#schemas/consensus/fixed-layout.ts';
import type { Membership } from '#schemas/consensus/types.ts';
import type { LedgerEvent } from '#schemas/settlement/state.ts';
import type { Tx } from '#schemas/settlement/transaction.ts';
import { decodeTx } from '#schemas/settlement/tx-codec.ts';
import { createEventQueue } from './event-queue.ts';
import { openLedgerApplication } from './ledger-application.ts';
import type { Message } from './message.ts';
import type { Mutation } from './mutations.ts';
import { createNetwork, type Network } from './network.ts';
import { type BooksOracle, createBooksOracle } from './oracles/books.ts';
import { createChainOracle } from './oracles/chain.ts';
import { createEpochOracle } from './oracles/epochs.ts';
import { createForkOracle, type ForkOracle } from './oracles/forks.ts';
import type { Report } from './oracles/violation.ts';
import { createVoteLog } from './oracles/vote-log.ts';
import { isAnswerable, isCorrect, isOverLedger, type Plan } from './plan.ts';
import { Replica } from './replica.ts';
import { createSets } from './sets.ts';
import { CHAIN_GENESIS, openHashChain } from './sim-application.ts';
import { simGenesis } from './sim-genesis.ts';
import { createTrace } from './trace.ts';
import { twinCrypto } from './twin-crypto.ts';
import { createWorkforce } from './workforce.ts';
import type { Peer, SimEvent, Workforce, World } from './world.ts';

const CHAIN = 'c4'.repeat(32);
/** The local profile (docs/protocol/consensus.md, "One height"). */
const TIMEOUTS = { propose_ms: 400, vote_ms: 200, rebroadcast_ms: 500, cap_ms: 10_000 } as const;
/** Where clients stand on the network: in no partition. */
const OUTSIDE = 31;

/** Places of height and author's index in a signed statement (schemas/consensus/vote-codec.ts). */
const HEIGHT_AT = 8;
const AUTHOR_AT = 57;

/** A schedule's world, and what only its own loop may touch. */
export type OpenedWorld = { readonly world: World; readonly network: Network; readonly replicas: readonly Replica[] };

/** A world where nothing has happened yet. */
export function openWorld(
  plan: Plan,
  mutation: Mutation,
  { report, tell, sees }: Pick<World, 'report' | 'tell' | 'sees'>,
): OpenedWorld {
  const prng = createPrng(plan.seed, 2);
  const queue = createEventQueue<SimEvent>();
  const network = createNetwork(plan, prng);
  const genesis = simGenesis(plan);
  const isLedger = isOverLedger(plan);
  const membership = isLedger ? genesisMembership({ id: CHAIN, genesis }) : plainMembership(genesis);
  const sets = createSets(membership, plan.powers.length, report);
  const replicas: Replica[] = [];
  const forks = plan.kind === 'beyond' ? forkOracle(plan, membership, report, sees) : undefined;
  const books = isLedger ? booksOracle(genesis, report) : undefined;
  const epochs = plan.kind === 'epochs' ? createEpochOracle(sets, (node) => isCorrect(plan, node), report, sees) : null;
  let workforce: Workforce | undefined;
  let heard = 0;
  const push = (from: number, to: Peer, message: Message): void => {
    for (const at_ms of network.arrivals(from, to.id, message, queue.now_ms)) {
      queue.push(at_ms, { type: 'message', from, to: to.id, message });
    }
  };
  const world: World = {
    plan,
    mutation,
    queue,
    prng,
    trace: createTrace(),
    sets,
    votes: createVoteLog(sets, (node) => isAnswerable(plan, node), report, sees),
    chain: createChainOracle(sets, forks === undefined ? report : forgiving(report)),
    forks,
    report,
    tell,
    sees,
    replicas,
    base: baseConfig(genesis),
    genesis: { height: 0, id: '00'.repeat(32), time_ms: genesis.time_ms, state_root: genesisRoot(genesis, isLedger) },
    openApp: (store) =>
      isLedger
        ? openLedgerApplication(genesis, CHAIN, store, (height, next) => sets.fixed(height, next))
        : openHashChain(store, membership, prng),
    get workforce() {
      return workforce;
    },
    send: (from, to, message) => push(from.id, to, message),
    deliver: (to, message) => push(OUTSIDE, to, message),
    entered: (round) => network.script.entered(round, queue.now_ms),
    accused(finder, evidence) {
      const height = new LayoutReader(evidence.a.subarray(HEIGHT_AT)).u64();
      const author = sets.at(height).nodes[new LayoutReader(evidence.a.subarray(AUTHOR_AT)).u16()] ?? -1;
      if (isAnswerable(plan, author)) report('evidence_unsound', author, `found by validator ${finder}`);
      workforce?.onEvidence(finder, evidence);
    },
    executed(execution, final) {
      if (execution.block.height !== heard + 1) return;
      heard++;
      epochs?.decided(heard, final);
      if (execution.block.events.some(isLieCaught)) sees('liar_caught');
      if (execution.block.events.some(({ type }) => type === 'keygen.failed')) sees('keygen_failed');
      books?.executed({ ...execution.block, txs: final.block.txs.map(txOf) });
      workforce?.onBlock(execution);
    },
  };
  const twins = [...plan.powers.keys()].filter((validator) => plan.byzantine[validator]?.style === 'twins');
  const doubled = plan.twice === null ? [] : [plan.twice.node];
  for (const validator of [...plan.powers.keys(), ...twins, ...doubled])
    replicas.push(new Replica(world, replicas.length, validator));
  if (isLedger) workforce = createWorkforce(world);
  return { world, network, replicas };
}

const isLieCaught = (event: LedgerEvent): boolean => event.type === 'unit.requeued' && event.reason === 'wrong_result';

const txOf = (wire: Uint8Array): Tx | null => {
  const received = decodeTx(wire);
  return received.ok ? received.value.tx : null;
};

const genesisRoot = (genesis: Genesis, isLedger: boolean): string =>
  isLedger ? createLedger(genesis, CHAIN, twinCrypto).stateRoot() : CHAIN_GENESIS;

/** The hash chain has no beacon. */
function plainMembership(genesis: Genesis): Membership {
  const validators = genesis.validators.map((validator) => ({ ...validator, beacon_shares: [] }));
  return genesisMembership({ id: CHAIN, genesis: { validators, beacon_key: null } });
}

function baseConfig(genesis: Genesis): Omit<CoreConfig, 'self' | 'tip' | 'app'> {
  const { min_block_interval_ms, max_block_interval_ms } = genesis.params;
  const interval = { min_block_interval_ms, max_block_interval_ms };
  return {
    chain: CHAIN,
    timeouts: TIMEOUTS,
    ...interval,
    crypto: twinCrypto,
  };
}

function forkOracle(plan: Plan, membership: Membership, report: Report, sees: World['sees']): ForkOracle {
  const electorate = electorateOf(CHAIN, membership, twinCrypto);
  const correct = [...plan.powers.keys()].filter((validator) => isCorrect(plan, validator));
  return createForkOracle(electorate, correct, report, sees);
}

/** A broken agreement is what these schedules are made for. */
const forgiving =
  (report: Report): Report =>
  (rule, node, detail) =>
    rule === 'agreement' ? undefined : report(rule, node, detail);

function booksOracle({ balances, nodes, validators }: Genesis, report: Report): BooksOracle {
  const supply: Record<string, bigint> = {};
  for (const { asset, amount_units } of balances) supply[asset] = (supply[asset] ?? 0n) + amount_units;
  const workers = new Set(nodes.filter(({ kind }) => kind === 'worker').map(({ id }) => id));
  return createBooksOracle(supply, workers, Math.floor(validators.length / 3) + 1, report);
}
