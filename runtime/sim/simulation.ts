// One schedule from its seed: safety under faults, then the heal, then liveness of a quorum of correct validators.

import { tagOf } from './message.ts';
import { type Mutation, SOUND } from './mutations.ts';
import { type OpenedWorld, openWorld } from './open-world.ts';
import type { Rule, Violation } from './oracles/violation.ts';
import { foundersOf, isToStop, type Plan } from './plan.ts';
import type { Replica } from './replica.ts';
import type { SimReport } from './report.ts';
import type { SometimeName } from './sometimes.ts';
import type { SimEvent } from './world.ts';

/** Virtual time that the core has for its heights after the heal. */
const LIVE_WITHIN_MS = 60_000;
/** Events that no sound schedule comes near: beyond it something talks without end. */
const MAX_EVENTS = 60_000;
/** Lines kept of a story. */
const MAX_LINES = 5_000;
/** Violations kept of one schedule: the first tell the story. */
const MAX_VIOLATIONS = 10;

export type SimOptions = {
  readonly plan: Plan;
  /** Plant this bug. */
  readonly mutation?: Mutation;
  /** Keep a line for everything that is said, decided, lost and found again. */
  readonly tells?: boolean;
};

/** Run one schedule. The same options give the same report, on every machine and Node. */
export async function runSimulation(options: SimOptions): Promise<SimReport> {
  const { plan, mutation = SOUND, tells = false } = options;
  const violations: Violation[] = [];
  const story: string[] = [];
  const seen = new Set<SometimeName>();
  const now_ms = (): number => opened.world.queue.now_ms;
  const tell = (who: number, what: string): void => {
    if (story.length < MAX_LINES) story.push(line(now_ms(), who, what));
  };
  const report = (rule: Rule, node: number, detail: string): void => {
    if (violations.length < MAX_VIOLATIONS) violations.push({ rule, node, detail, at_ms: now_ms() });
    if (tells) tell(node, `BREAKS ${rule}: ${detail}`);
  };
  const opened = openWorld(plan, mutation, { report, tell: tells ? tell : undefined, sees: (name) => seen.add(name) });
  const { events, stall } = await run(opened);
  opened.world.forks?.judge();
  const { trace, chain } = opened.world;
  const { rounds } = opened.network.script;
  const size = { events, heights: chain.height, virtual_ms: now_ms(), rounds };
  return { seed: plan.seed, plan, ...size, violations, stall, trace_hash: trace.digest(), seen: [...seen], story };
}

const line = (now_ms: number, who: number, what: string): string =>
  `${String(now_ms).padStart(7)} ms  ${who < 0 ? 'network' : `node ${who} `}  ${what}`;

/** What the core must reach after the heal, and by when. */
type Goal = { readonly height: number; readonly until_ms: number };

async function run(opened: OpenedWorld): Promise<{ readonly events: number; readonly stall: string | null }> {
  const { world, replicas } = opened;
  const { plan, queue, chain, workforce } = world;
  const founders = foundersOf(plan).length;
  for (const replica of replicas) {
    const isNewcomer = replica.validator >= founders;
    if (isNewcomer && replica.id < plan.powers.length) continue; // once it asks to join
    if (replica.id < plan.powers.length || !replica.isCorrect) await replica.start();
    else queue.push(plan.twice?.start_ms ?? 0, { type: 'restart', to: replica.id });
  }
  workforce?.start();
  queue.push(plan.heal_ms, { type: 'heal' });
  if (plan.blackout_ms > 0) queue.push(plan.blackout_ms, { type: 'blackout' });
  let goal: Goal | undefined;
  for (let events = 1; events <= MAX_EVENTS; events++) {
    const event = queue.pop();
    if (event === undefined) return { events, stall: 'nothing left to happen' };
    const unfinished = happen(opened, event);
    if (unfinished !== undefined) await unfinished;
    if (event.type === 'heal' || chain.height >= plan.heal_height) goal ??= heal(opened);
    if (goal !== undefined && isReached(opened, goal)) return { events, stall: null };
    if (goal !== undefined && queue.now_ms > goal.until_ms)
      return { events, stall: world.forks === undefined ? whereCoreIs(opened) : null };
  }
  return { events: MAX_EVENTS, stall: `no end after ${MAX_EVENTS} events` };
}

/** Let it happen; a promise where the disk is read, which is awaited before anything else happens. */
export function happen({ world, replicas }: OpenedWorld, event: SimEvent): Promise<void> | undefined {
  const { trace, queue, prng, workforce } = world;
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
      trace.add(event.to + 256);
      if (!to.postpones(event)) to.fire(event.id, event.at_ms);
      return undefined;
    }
    case 'restart':
      return replicas[event.to]?.start();
    case 'blackout':
      for (const replica of replicas) replica.crash(prng.chance(512), prng.between(50, 500));
      return undefined;
    case 'actor':
      trace.add(event.to + 512);
      workforce?.hear(event.to, event.event);
      return undefined;
    case 'client':
      workforce?.tick();
      return undefined;
    case 'heal':
      return undefined;
  }
}

/** The faults end. Who is correct but not in the core may stay away for good. */
function heal({ world, network, replicas }: OpenedWorld): Goal {
  const { plan, queue, chain, prng, tell } = world;
  network.heal();
  world.forks?.healed();
  tell?.(-1, `heals; ${plan.core.join(', ')} must go on from height ${chain.height}`);
  const mayLeave = replicas.filter(
    ({ isCorrect, validator }) => isCorrect && !plan.core.includes(validator) && !isToStop(plan, validator),
  );
  for (const replica of mayLeave) if (prng.chance(512)) replica.leave();
  return { height: chain.height + plan.live_heights, until_ms: queue.now_ms + LIVE_WITHIN_MS };
}

/** Asked after every event. */
function isReached({ world, replicas }: OpenedWorld, goal: Goal): boolean {
  if (world.forks?.isForked) return world.forks.isOver;
  for (const validator of world.plan.core) {
    const replica = replicas[validator] as Replica;
    if (replica.hasBegun && replica.height < goal.height) return false;
  }
  return world.workforce?.isDone ?? true;
}

function whereCoreIs({ world, replicas }: OpenedWorld): string {
  const places = world.plan.core.map((validator) => `${validator} at ${replicas[validator]?.position}`);
  const job = world.workforce?.isDone === false ? 'the job is not done, ' : '';
  return `${job}the core stands: ${places.join(', ')}`;
}
