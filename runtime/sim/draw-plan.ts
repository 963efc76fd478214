// Draws a schedule's plan from its seed: a swarm of faults, each on or off, each with its own strength.
import { createPrng, type Prng } from '#machines/primitives/prng.ts';
import { quorum } from '#machines/primitives/quorum.ts';
import { DAMAGE_NAMES } from './disk-damage.ts';
import { drawCast } from './draw-epochs.ts';
import {
  type CrashPoint,
  type Faulty,
  type Filter,
  HABITS,
  type Habit,
  isToStop,
  type Partition,
  type Pause,
  type Plan,
  type ScheduleKind,
} from './plan.ts';

/** Draw the plan of `seed`. The same seed gives the same plan; without `kind` one in 128 runs the ledger, one changes its set, and two go beyond a third. */
export function drawPlan(seed: number, kind?: ScheduleKind): Plan {
  const prng = createPrng(seed, 1);
  const drawnKind = DRAWN_KINDS[prng.below(128)] ?? 'consensus';
  if ((kind ?? drawnKind) === 'beyond') return drawBeyond(seed, prng);
  if ((kind ?? drawnKind) === 'epochs') return drawEpochs(seed, prng);
  const powers = drawPowers(prng);
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
    founders: null,
    requests: [],
    byzantine,
    core,
    script: [],
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

/** Of 128 seeds. */
const DRAWN_KINDS: readonly ScheduleKind[] = ['ledger', 'beyond', 'beyond', 'epochs'];

/**
 * Forks: the correct ones stand on two sides, which hear nothing of each other before the heal; of each twin a copy on each side, while
 * forgers speak to both. The Byzantine are as many as two quorums must share, and fewer than a quorum.
 */
function drawBeyond(seed: number, prng: Prng): Plan {
  const powers = times(prng.pick(NODE_COUNTS), () => 1);
  const order = shuffled(prng, powers);
  const decisive = quorum(powers.length);
  const guilty = order.slice(0, prng.between(2 * decisive - powers.length, decisive - 1));
  const correct = order.slice(guilty.length);
  const byzantine: Record<number, Faulty> = {};
  for (const node of guilty)
    byzantine[node] = prng.chance(850) ? { style: 'twins' } : { style: 'forger', habits: drawHabits(prng) };
  // Second copies are numbered behind all validators, in order of their validators (open-world.ts).
  const twins = [...powers.keys()].filter((node) => byzantine[node]?.style === 'twins');
  const firsts = prng.between(1, correct.length - 1);
  const heal_ms = prng.between(800, 4_000);
  const sides = {
    from: maskOf([...correct.slice(0, firsts), ...twins]),
    to: maskOf([...correct.slice(firsts), ...twins.map((_, i) => powers.length + i)]),
  };
  return {
    seed,
    kind: 'beyond',
    powers,
    founders: null,
    requests: [],
    byzantine,
    core: correct,
    script: [],
    delay: { least_ms: prng.between(0, 8), spread_ms: prng.pick([1, 4, 30, 150]), slowOf1024: 0, slow_ms: 0 },
    lossOf1024: prng.pick([0, 0, 20, 100, 250]),
    duplicateOf1024: prng.pick([0, 40]),
    filters: prng.chance(400) ? [drawFilter(prng, powers.length)] : [],
    partitions: [{ start_ms: 0, end_ms: heal_ms, ...sides, isSymmetric: true }],
    twice: null,
    pauses: [],
    skews_ms: times(powers.length, () => 0),
    blackout_ms: 0,
    heal_ms,
    ...drawHealAndCrashes(prng, correct),
    live_heights: 1,
  };
}

/** Who crashes is up again at the heal (replica.ts), so that has its time. */
function drawHealAndCrashes(prng: Prng, nodes: readonly number[]): Pick<Plan, 'heal_height' | 'crashes'> {
  const heal_height = prng.pick([1, 2, 99, 99]);
  const count = heal_height === 99 ? prng.below(4) : 0;
  return { heal_height, crashes: times(count, () => drawCrash(prng, prng.pick(nodes))) };
}

/** Sets that change, under the same swarm over more time: a change takes a dozen heights. */
function drawEpochs(seed: number, prng: Prng): Plan {
  const { unreliable, ...cast } = drawCast(prng);
  const nodes = cast.powers.length;
  const byzantine: Record<number, Faulty> = {};
  const spare: number[] = [];
  for (const node of unreliable) {
    if (prng.chance(300)) spare.push(node);
    else byzantine[node] = prng.chance(400) ? { style: 'twins' } : { style: 'forger', habits: drawHabits(prng) };
  }
  const heal_ms = prng.between(3_000, 15_000);
  const mishap = drawMishap(prng, spare, heal_ms);
  const isReliable = (node: number): boolean => !unreliable.includes(node);
  const some = (most: number): number => (prng.chance(400) ? prng.between(1, most) : 0);
  return {
    seed,
    kind: 'epochs',
    ...cast,
    byzantine,
    core: [...cast.powers.keys()].filter((node) => isReliable(node) && !isToStop(cast, node)),
    script: [],
    delay: {
      least_ms: prng.between(0, 8),
      spread_ms: prng.pick([1, 4, 4, 30, 150, 400]),
      slowOf1024: prng.pick([0, 0, 20, 50]),
      slow_ms: prng.pick([300, 900]),
    },
    lossOf1024: prng.pick([0, 0, 0, 20, 100]),
    duplicateOf1024: prng.pick([0, 0, 40, 200]),
    filters: times(some(2), () => drawFilter(prng, nodes)),
    partitions: times(some(6), () => drawPartition(prng, nodes, heal_ms)),
    crashes: [...mishap.crashes, ...times(some(8), () => drawCrash(prng, prng.below(nodes), prng.between(1, 120)))],
    pauses: times(some(4), () => drawPause(prng, nodes, heal_ms)),
    skews_ms: times(nodes, () => (prng.chance(300) ? prng.between(-400, 400) : 0)),
    twice: mishap.twice,
    blackout_ms: prng.chance(100) ? prng.between(20, heal_ms) : 0,
    heal_ms,
    heal_height: prng.between(14, 26),
    live_heights: prng.pick([1, 1, 2, 12]),
  };
}

const maskOf = (nodes: readonly number[]): number => nodes.reduce((mask, node) => mask | (1 << node), 0);

const times = <T>(count: number, draw: () => T): readonly T[] => Array.from({ length: count }, draw);
const subset = (prng: Prng, nodes: number): number => prng.between(1, 2 ** nodes - 2);

/** Mostly four; six is where ceil(2n/3) would be one short. */
const NODE_COUNTS = [4, 4, 4, 4, 4, 4, 4, 4, 4, 5, 6, 7];

/** One set in ten has unequal power. */
function drawPowers(prng: Prng): readonly number[] {
  const nodes = prng.pick(NODE_COUNTS);
  const isWeighted = prng.chance(100);
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
