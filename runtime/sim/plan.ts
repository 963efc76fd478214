// What may go wrong in one schedule: everything that is decided before anything happens. Plain data: a file can hold it.
import { z } from 'zod';
import { DAMAGE_NAMES } from './disk-damage.ts';

/**
 * `consensus`: validators over a hash chain. `ledger`: the same over the real ledger with money and jobs. `beyond`: so much Byzantine
 * power that there are forks, and who made them must be named. `epochs`: over the real ledger, in epochs of a few heights, validators
 * join and leave. `exhaustive`: one of the plans of exhaustive.ts, by number; never drawn.
 */
export const SCHEDULE_KINDS = ['consensus', 'ledger', 'beyond', 'epochs', 'exhaustive'] as const;
export type ScheduleKind = (typeof SCHEDULE_KINDS)[number];

/** What a forger does; each is on or off, so that one does not hide what another would show. */
export const HABITS = [
  /** Keeps some words from some peers. */
  'silence',
  /** Says each word to a part of the peers only: how one validator comes to a lock that the others do not see. */
  'partiality',
  /** Votes for something else, or twice. */
  'false_votes',
  /** Cites polkas that never were. */
  'false_valid_round',
  /** Proposes another block to each, or one false block to all, with transactions of the past. */
  'false_proposals',
  /** Proposes many blocks in one round, beyond what anyone keeps. */
  'flood',
  /** Votes in rounds that nobody is in. */
  'far_rounds',
  /** Sends old certificates again. */
  'replays',
  /** Makes certificates of its own vote alone, said as often as a quorum is large. */
  'padded_certificates',
  /** Sends certificates without their blocks. */
  'withheld_bodies',
  /** Keeps parts of bodies back, and sends false ones. */
  'false_parts',
  /** Answers who lags with ranges that are short, false or not what was asked for. */
  'false_ranges',
] as const;
export type Habit = (typeof HABITS)[number];

const whole = z.int();
const count = z.int().min(0);

/** How a faulty validator behaves: two honest copies under one key, or free invention. */
const Faulty = z.discriminatedUnion('style', [
  z.strictObject({ style: z.literal('twins') }),
  z.strictObject({ style: z.literal('forger'), habits: z.array(z.enum(HABITS)).readonly() }),
]);
export type Faulty = z.infer<typeof Faulty>;

/** Links from a set of nodes to another, a bit per node, that carry nothing for a while; one direction only when asymmetric. */
const Partition = z.strictObject({ start_ms: count, end_ms: count, from: count, to: count, isSymmetric: z.boolean() });
export type Partition = z.infer<typeof Partition>;

/** Messages of one kind that never reach some nodes in rounds of one parity: how hidden locks come about. */
const Filter = z.strictObject({
  message: z.enum(['proposal', 'prevote', 'precommit']),
  to: count,
  roundParity: z.literal([0, 1]),
  dropOf1024: count,
});
export type Filter = z.infer<typeof Filter>;

/** Where in a turn the process dies; the turn is the node's `turn`th that has something to say. */
const CrashPoint = z.strictObject({
  node: count,
  turn: count,
  moment: z.enum(['before_sync', 'after_sync', 'mid_publish']),
  /** Whether the disk kept a batch that was written but not synced. */
  keepsUnsynced: z.boolean(),
  down_ms: count,
  /** What happens to the store meanwhile (disk-damage.ts). */
  damage: z.enum(DAMAGE_NAMES).nullable(),
});
export type CrashPoint = z.infer<typeof CrashPoint>;

const Pause = z.strictObject({ node: count, start_ms: count, end_ms: count });
export type Pause = z.infer<typeof Pause>;

/** What a validator asks of the ledger, once somebody has decided `at_height`. Who joins and has never run starts then, with an empty disk. */
const Request = z.strictObject({
  node: count,
  at_height: z.int().min(1),
  asks: z.enum(['join', 'leave']),
  /** Whether the process ends when the set has changed; else it follows the chain. */
  stops: z.boolean(),
});
export type Request = z.infer<typeof Request>;

/** How one round of the first height goes: who hears whom, a group per replica, and what the Byzantine one never says in it. */
const RoundScript = z.strictObject({
  groups: z.array(count).readonly(),
  kept: z.enum(['nothing', 'precommits', 'everything']),
});
export type RoundScript = z.infer<typeof RoundScript>;

/** The plan of one schedule. What is left to chance while it runs comes from `seed`. */
export const Plan = z.strictObject({
  seed: count,
  kind: z.enum(SCHEDULE_KINDS),
  /** Voting power per validator, of those that have it from the genesis on first: `founders` of them, or all where that is null. */
  powers: z.array(z.int().min(1)).readonly(),
  founders: z.int().min(1).nullable().default(null),
  /** How the set is to change; of `epochs` alone. */
  requests: z.array(Request).readonly().default([]),
  /** Faulty validators by index: together less than a third of the power of any set that may come about, but for `beyond`. */
  byzantine: z.record(z.string(), Faulty).readonly(),
  /** Q of correct validators that must go on after the heal; the others may stay away. */
  core: z.array(count).readonly(),
  /** Rounds of the first height that go as written; none in a drawn plan. */
  script: z.array(RoundScript).readonly().default([]),
  delay: z.strictObject({ least_ms: count, spread_ms: z.int().min(1), slowOf1024: count, slow_ms: count }),
  lossOf1024: count,
  duplicateOf1024: count,
  filters: z.array(Filter).readonly(),
  partitions: z.array(Partition).readonly(),
  crashes: z.array(CrashPoint).readonly(),
  pauses: z.array(Pause).readonly(),
  /** How far each node's clock is off, ms. */
  skews_ms: z.array(whole).readonly(),
  /** The key of a correct validator outside the core runs on a second machine as well from here on, by mistake; or null. */
  twice: z.strictObject({ node: count, start_ms: count }).nullable(),
  /** When all power fails at once, or 0. */
  blackout_ms: count,
  /** The faults end here, or when this many heights are decided, whichever comes first. */
  heal_ms: count,
  heal_height: count,
  /** Heights that the core must decide after that, beyond what anybody had decided. */
  live_heights: count,
});
export type Plan = z.infer<typeof Plan>;

/** Whether a validator's program is the one of production. */
export const isCorrect = (plan: Plan, validator: number): boolean => plan.byzantine[validator] === undefined;

/** Powers of the genesis set. */
export const foundersOf = ({ powers, founders }: Pick<Plan, 'powers' | 'founders'>): readonly number[] =>
  powers.slice(0, founders ?? powers.length);

/** Whether validators run the real ledger. */
export const isOverLedger = ({ kind }: Pick<Plan, 'kind'>): boolean => kind === 'ledger' || kind === 'epochs';

/** Whether its process ends when it is out of the set. */
export const isToStop = ({ requests }: Pick<Plan, 'requests'>, validator: number): boolean =>
  requests.some(({ node, stops }) => node === validator && stops);

/** In one schedule of four, bodies of the hash chain travel in up to three parts, those of the ledger in some more. */
export const partBytes = ({ seed, kind }: Pick<Plan, 'seed' | 'kind'>): number | undefined =>
  seed % 4 === 0 ? PART_BYTES[kind] : undefined;

const PART_BYTES = { consensus: 4, ledger: 4_096, beyond: 4, epochs: 4_096, exhaustive: undefined } as const;

/** Whether it must never contradict itself: correct, and its key in one place only. */
export const isAnswerable = (plan: Plan, validator: number): boolean =>
  isCorrect(plan, validator) && plan.twice?.node !== validator;
