// Draws a schedule's plan from its seed: a swarm of faults, each on or off, each with its own strength.
import { createPrng, type Prng } from '#machines/primitives/prng.ts';
import { DAMAGE_NAMES } from './disk-damage.ts';
import {
  type CrashPoint,
  type Faulty,
  type Filter,
  HABITS,
  type Habit,
  type Partition,
  type Pause,
  type Plan,
  type ScheduleKind,
} from './plan.ts';

/** Draw the plan of `seed`. The same seed gives the same plan; without `kind` one in 128 schedules runs the ledger. */
export function drawPlan(seed: number, kind?: ScheduleKind): Plan {
  const prng = createPrng(seed, 1);
  const drawnKind = prng.below(128) === 0 ? 'ledger' : 'consensus';
  const powers = drawPowers(prng, kind ?? drawnKind);
  const byzantine = drawByzantine(prng, powers);
  const nodes = powers.length;
  const heal_ms = prng.between(800, 4_000);
  const core = drawCore(prng, powers, byzantine);
  const spare = [...powers.keys()].filter((node) => !(node in byzantine) && !core.includes(node));
  const mishap = drawMishap(prng, spare, heal_ms);
  const some = (most: number): number => (prng.chance(400) ? prng.between(1, most) : 0);
  return {
    seed,
    kind: kind ?? drawnKind,
    powers,
    byzantine,
    core,
    delay: {
      least_ms: prng.between(0, 8),
      spread_ms: prng.pick([1, 4, 30, 150, 600]),
      slowOf1024: prng.pick([0, 0, 20, 100]),
      slow_ms: prng.pick([300, 900, 2_500]),
    },
    lossOf1024: prng.pick([0, 0, 0, 20, 100, 250]),
    duplicateOf1024: prng.pick([0, 0, 40, 200]),
    filters: times(some(3), () => drawFilter(prng, nodes)),
    partitions: times(some(3), () => drawPartition(prng, nodes, heal_ms)),
    crashes: [...mishap.crashes, ...times(some(4), () => drawCrash(prng, prng.below(nodes)))],
    pauses: times(some(2), () => drawPause(prng, nodes, heal_ms)),
    skews_ms: times(nodes, () => (prng.chance(300) ? prng.between(-400, 400) : 0)),
    twice: mishap.twice,
    blackout_ms: prng.chance(60) ? prng.between(20, heal_ms) : 0,
    heal_ms,
    heal_height: prng.between(1, 3),
    live_heights: prng.pick([1, 1, 1, 2]),
  };
}

const times = <T>(count: number, draw: () => T): readonly T[] => Array.from({ length: count }, draw);
const subset = (prng: Prng, nodes: number): number => prng.between(1, 2 ** nodes - 2);

/** Mostly four; six is where ceil(2n/3) would be one short. */
const NODE_COUNTS = [4, 4, 4, 4, 4, 4, 4, 4, 4, 5, 6, 7];

/**
 * One set in ten has unequal power; not where there is a beacon: its threshold counts holders of shares, and a quorum by power
 * may hold too few.
 */
function drawPowers(prng: Prng, kind: ScheduleKind): readonly number[] {
  const nodes = prng.pick(NODE_COUNTS);
  const isWeighted = prng.chance(100) && kind === 'consensus';
  return times(nodes, () => (isWeighted ? prng.between(1, 3) : 1));
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function drawByzantine(prng: Prng, powers: readonly number[]): Plan['byzantine'] {
  const faulty: Record<number, Faulty> = {};
  if (prng.chance(512)) return faulty;
  let left = Math.ceil(sum(powers) / 3) - 1;
  for (const node of shuffled(prng, powers)) {
    const power = powers[node] as number;
    if (power > left || prng.chance(200)) continue;
    left -= power;
    faulty[node] = prng.chance(400) ? { style: 'twins' } : { style: 'forger', habits: drawHabits(prng) };
  }
  return faulty;
}

/** Half of the habits: what hides one bug must sometimes be absent. */
const drawHabits = (prng: Prng): Habit[] => HABITS.filter(() => prng.chance(512));

/** Correct validators in random order until their power is a quorum. */
function drawCore(prng: Prng, powers: readonly number[], byzantine: Plan['byzantine']): readonly number[] {
  const core: number[] = [];
  let power = 0;
  for (const node of shuffled(prng, powers)) {
    if (node in byzantine || 3 * power > 2 * sum(powers)) continue;
    core.push(node);
    power += powers[node] as number;
  }
  return core;
}

function shuffled(prng: Prng, powers: readonly number[]): readonly number[] {
  const order = powers.map((_, node) => node);
  for (let i = order.length - 1; i > 0; i--) {
    const j = prng.below(i + 1);
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  return order;
}

function drawFilter(prng: Prng, nodes: number): Filter {
  return {
    message: prng.pick(['proposal', 'prevote', 'precommit', 'precommit']),
    to: subset(prng, nodes),
    roundParity: prng.chance(700) ? 0 : 1,
    dropOf1024: prng.pick([512, 800, 1_024]),
  };
}

function drawPartition(prng: Prng, nodes: number, heal_ms: number): Partition {
  const start_ms = prng.below(heal_ms);
  const from = subset(prng, nodes);
  const isSymmetric = prng.chance(512);
  const to = isSymmetric ? 2 ** nodes - 1 - from : subset(prng, nodes);
  return { start_ms, end_ms: start_ms + prng.between(50, 1_500), from, to, isSymmetric };
}

function drawCrash(prng: Prng, node: number, turn = prng.between(1, 20)): CrashPoint {
  return {
    node,
    turn,
    moment: prng.pick(['before_sync', 'after_sync', 'mid_publish']),
    keepsUnsynced: prng.chance(300),
    down_ms: prng.pick([1, 20, 200, 900]),
    damage: null,
  };
}

type Mishap = Pick<Plan, 'crashes' | 'twice'>;

/** Nothing is lost with those who may lose their disks or run twice: the core goes on without them. */
function drawMishap(prng: Prng, spare: readonly number[], heal_ms: number): Mishap {
  if (spare.length === 0 || !prng.chance(400)) return { crashes: [], twice: null };
  const node = prng.pick(spare);
  if (prng.chance(150)) return { crashes: [], twice: { node, start_ms: prng.below(heal_ms) } };
  const first = prng.between(1, 8);
  // A backup is taken at the first crash, and put back at the second.
  const second = drawCrash(prng, node, first + prng.between(1, 8));
  return { crashes: [drawCrash(prng, node, first), { ...second, damage: prng.pick(DAMAGE_NAMES) }], twice: null };
}

function drawPause(prng: Prng, nodes: number, heal_ms: number): Pause {
  const start_ms = prng.below(heal_ms);
  return { node: prng.below(nodes), start_ms, end_ms: start_ms + prng.between(20, 1_200) };
}
