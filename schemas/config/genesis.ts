// The genesis file: everything that the first block rests on. Its hash names the chain.
import { z } from 'zod';
import { BEACON_KEY_BYTES } from '../consensus/beacon.ts';
import { AmountOrZero, Id, TimeMs } from '../wire/fields.ts';
import { MAX_SET_POWER, MAX_VALIDATOR_POWER, MAX_VALIDATORS } from '../wire/limits.ts';

const hex = (length: number) => z.string().regex(new RegExp(`^[0-9a-f]{${length * 2}}$`));
/** Amounts in the file are decimal strings, since JSON has no big integers. */
const AmountText = z
  .string()
  .regex(/^\d{1,19}$/)
  .transform(BigInt)
  .pipe(AmountOrZero);

export const Params = z.strictObject({
  /** Least time between two blocks, ms: under load blocks are batched to this pace. */
  min_block_interval_ms: z.int().min(0).max(10_000),
  /** Most time between two blocks, ms, when there is no work. */
  max_block_interval_ms: z.int().min(100).max(60_000),
  timeout_propose_ms: z.int().min(100).max(10_000),
  timeout_vote_ms: z.int().min(100).max(10_000),
  min_fee_units: AmountText,
  /** Stake that a worker must hold to be drawn, minor units of stake. */
  worker_stake_units: AmountText,
  /** A worker is away when its last heartbeat is older than this, ms of block time (three misses). */
  away_after_ms: z.int().min(1_000).max(600_000),
  /** Time for a commit after the draw, ms of block time. */
  commit_deadline_ms: z.int().min(1_000).max(86_400_000),
  /** Time for a reveal after the commit, an opening or a report after the audit draw, ms of block time. */
  reveal_deadline_ms: z.int().min(1_000).max(600_000),
  /** Undrawn longer than this, ms of block time: stand-ins draw in the shuffler's place. */
  stand_in_after_ms: z.int().min(100).max(60_000),
  /** Open units at once for each eligible worker. */
  open_units_per_worker: z.int().min(1).max(4_096),
  /** The validator set may change at heights that are multiples of this. */
  epoch_heights: z.int().min(1).max(10_000_000),
  /** Heights of each of the four phases of a key generation: long enough for a transaction of every validator. */
  keygen_phase_heights: z.int().min(1).max(1_000_000),
  /** Stake that each seat of a joining validator needs, minor units of stake. */
  validator_stake_units: AmountText,
  /** Heights for which the stake of a validator stays locked after it left: at least as long as evidence is taken. */
  unbonding_heights: z.int().min(1).max(1_000_000_000),
});
export type Params = z.output<typeof Params>;

const GenesisObject = z.strictObject({
  v: z.literal(1),
  /** Human name of the network, also the origin of its log: `<network>/settlement`. */
  network: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/),
  time_ms: TimeMs,
  params: Params,
  validators: z
    .array(
      z.strictObject({
        id: Id,
        operator: Id,
        /** Seats: units of voting power, each with a share of the beacon's key. */
        power: z.int().min(1).max(MAX_VALIDATOR_POWER, `a validator has at most ${MAX_VALIDATOR_POWER} seats`),
        /** Public share of each seat, BLS12-381 G1, hex; none where there is no beacon key yet. */
        beacon_shares: z.array(hex(BEACON_KEY_BYTES)).max(MAX_VALIDATOR_POWER),
        cosigner: Id,
        /** X25519 public key, hex. */
        encryption_key: Id,
      }),
    )
    .min(1)
    .max(MAX_VALIDATORS)
    .refine((all) => new Set(all.map(({ id }) => id)).size === all.length, 'each validator stands once in the genesis')
    .refine((all) => all.reduce((sum, { power }) => sum + power, 0) <= MAX_SET_POWER, 'too many seats'),
  /** Group key of the beacon, BLS12-381 G1, hex; null: the validators make one, and until then there is no beacon. */
  beacon_key: hex(BEACON_KEY_BYTES).nullable(),
  /** Nodes known from the start: the local network's workers, shuffler, archiver, gateway. */
  nodes: z
    .array(
      z.strictObject({ id: Id, kind: z.enum(['worker', 'shuffler', 'archiver', 'gateway', 'client']), operator: Id }),
    )
    .max(20_000),
  /** First balances; the supply of each asset is their sum. */
  balances: z
    .array(z.strictObject({ account: Id, asset: z.enum(['credit', 'stake']), amount_units: AmountText }))
    .max(20_000),
});
export const Genesis = GenesisObject.refine(
  ({ validators, beacon_key }) =>
    validators.every(({ power, beacon_shares }) => beacon_shares.length === (beacon_key === null ? 0 : power)),
  'a beacon key comes with a public share for each seat',
);
export type Genesis = z.output<typeof Genesis>;
