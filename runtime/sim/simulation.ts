// One schedule from its seed: safety under faults, then the heal, then liveness of a quorum of correct validators.
import { tagOf } from './message.ts';
import { type Mutation, SOUND } from './mutations.ts';
import type { Network } from './network.ts';
import { openWorld } from './open-world.ts';
import type { Rule, Violation } from './oracles/violation.ts';
import { drawPlan, type Plan, type ScheduleKind } from './plan.ts';
import type { Replica } from './replica.ts';
import type { SimEvent, World } from './world.ts';

/** Virtual time that the core has for its heights after the heal. */
const LIVE_WITHIN_MS = 60_000;
/** Events that no sound schedule comes near: beyond it something talks without end. */
const MAX_EVENTS = 60_000;
/** Lines kept of a story. */
const MAX_LINES = 5_000;
/** Violations kept of one schedule: the first tell the story. */
const MAX_VIOLATIONS = 10;

export type SimOptions = {
  readonly seed: number;
  /** The kind that the seed draws, if absent. */
  readonly kind?: ScheduleKind;
  /** Plant this bug. */
  readonly mutation?: Mutation;
  /** Keep a line for everything that is said, decided, lost and found again. */
  readonly tells?: boolean;
};

/** How one schedule went. */
export type SimReport = {
  readonly seed: number;
  readonly plan: Plan;
  readonly events: number;
  readonly heights: number;
  readonly virtual_ms: number;
  readonly violations: readonly Violation[];
  /** Why the core did not go on after the heal, or null. */
  readonly stall: string | null;
  /** Over every event in order: equal for equal runs. */
  readonly trace_hash: string;
  /** Empty unless asked for. */
  readonly story: readonly string[];
};

/** Run one schedule. The same options give the same report, on every machine and Node. */
export async function runSimulation({ seed, kind, mutation = SOUND, tells = false }: SimOptions): Promise<SimReport> {
  const plan = drawPlan(seed, kind);
  const violations: Violation[] = [];
  const report = (rule: Rule, node: number, detail: string): void => {
    if (violations.length < MAX_VIOLATIONS) violations.push({ rule, node, detail, at_ms: world.queue.now_ms });
    world.tell?.(node, `BREAKS ${rule}: ${detail}`);
  };
  const story: string[] = [];
  const tell = (who: number, what: string): void => {
    if (story.length < MAX_LINES) story.push(`${String(world.queue.now_ms).padStart(7)} ms  ${who < 0 ? 'network' : `node ${who} `}  ${what}`);
  };
  const { world, network } = openWorld(plan, mutation, { report, tell: tells ? tell : undefined });
  const { events, stall } = await run(world, network);
  const { trace, chain, queue } = world;
  const size = { events, heights: chain.height, virtual_ms: queue.now_ms };
  return { seed, plan, ...size, violations, stall, trace_hash: trace.digest(), story };
}

/** Where a schedule stands between its two phases. */
type Phase = { goal_height: number; until_ms: number };

async function run(world: World, network: Network): Promise<{ readonly events: number; readonly stall: string | null }> {
  const { plan, queue, replicas } = world;
  for (const replica of replicas) await replica.start();
  world.workforce?.start();
  queue.push(plan.heal_ms, { type: 'heal' });
  if (plan.blackout_ms > 0) queue.push(plan.blackout_ms, { type: 'blackout' });
  let phase: Phase | undefined;
  for (let events = 1; events <= MAX_EVENTS; events++) {
    const event = queue.pop();
    if (event === undefined) return { events, stall: 'nothing left to happen' };
    const unfinished = happen(world, event);
    if (unfinished !== undefined) await unfinished;
    if (phase === undefined && (event.type === 'heal' || world.chain.height >= plan.heal_height)) phase = heal(world, network);
    if (phase !== undefined && isLive(world, phase)) return { events, stall: null };
    if (phase !== undefined && queue.now_ms > phase.until_ms) return { events, stall: whereCoreIs(world) };
  }
  return { events: MAX_EVENTS, stall: `no end after ${MAX_EVENTS} events` };
}

/** Let it happen; a promise where the disk is read, which is awaited before anything else happens. */
function happen(world: World, event: SimEvent): Promise<void> | undefined {
  const { trace, queue, replicas, prng } = world;
  trace.add(queue.now_ms);
  switch (event.type) {
    case 'message': {
      const to = replicas[event.to] as Replica;
      if (to.postpones(event)) return undefined;
      trace.add(event.to);
      trace.add(tagOf(event.message));
      return to.hear(replicas[event.from] ?? to, event.message);
    }
    case 'timer': {
      const to = replicas[event.to] as Replica;
      if (to.postpones(event)) return undefined;
      trace.add(event.to + 256);
      to.fire(event.id, event.at_ms);
      return undefined;
    }
    case 'restart':
      return replicas[event.to]?.start();
    case 'blackout':
      for (const replica of replicas) replica.crash(prng.chance(512), prng.between(50, 500));
      return undefined;
    case 'actor':
      trace.add(event.to + 512);
      world.workforce?.hear(event.to, event.event);
      return undefined;
    case 'client':
      world.workforce?.tick();
      return undefined;
    case 'heal':
      return undefined;
  }
}

/** The faults end. Who is correct but not in the core may stay away for good. */
function heal({ plan, queue, replicas, chain, prng, tell }: World, network: Network): Phase {
  network.heal();
  tell?.(-1, `heals; ${plan.core.join(', ')} must go on from height ${chain.height}`);
  const mayLeave = replicas.filter((replica) => replica.isCorrect && !plan.core.includes(replica.validator));
  for (const replica of mayLeave) if (prng.chance(512)) replica.leave();
  return { goal_height: chain.height + plan.live_heights, until_ms: queue.now_ms + LIVE_WITHIN_MS };
}

const coreOf = ({ plan, replicas }: World): readonly Replica[] => plan.core.map((validator) => replicas[validator] as Replica);

const isLive = (world: World, { goal_height }: Phase): boolean =>
  coreOf(world).every((replica) => replica.height >= goal_height) && (world.workforce?.isDone ?? true);

const whereCoreIs = (world: World): string =>
  `${world.workforce?.isDone === false ? 'the job is not done, ' : ''}core stands at ${coreOf(world).map((replica) => `${replica.validator}: ${replica.position}`).join(', ')}`;
