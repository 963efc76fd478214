// What the gateway tells of the validator set: who is in it, who wants to be, and how far its next change has come.
import { z } from 'zod';
import { KEYGEN_PHASES, VALIDATOR_STATES } from '../settlement/state.ts';
import { Id } from '../wire/fields.ts';

const Count = z.int().min(0);
const AmountText = z.string().regex(/^\d+$/);

/** Seats now, after the change that is under way, and in the end. */
export const ValidatorStanding = z.strictObject({
  id: Id,
  operator: Id,
  state: z.enum(VALIDATOR_STATES),
  /** Height since which it is so. */
  since_height: Count,
  power: Count,
  next_power: Count,
  wanted_power: Count,
  stake_units: AmountText,
  /** Part of the stake that cannot be moved. */
  locked_units: AmountText,
});
export type ValidatorStanding = z.infer<typeof ValidatorStanding>;

/** The next change of the set: proposed at a boundary at the earliest, then a key is made for it, then it is fixed. */
export const SetChange = z.discriminatedUnion('stage', [
  z.strictObject({ stage: z.literal('none'), boundary_height: Count }),
  z.strictObject({
    stage: z.literal('keygen'),
    epoch: Count,
    phase: z.enum(KEYGEN_PHASES),
    until_height: Count,
  }),
  z.strictObject({ stage: z.literal('fixed'), epoch: Count, first_height: Count }),
]);

/** Answer of `/api/validators`. */
export const ValidatorSetView = z.strictObject({
  /** The last executed height. */
  height: Count,
  /** Of the next height. */
  epoch: Count,
  first_height: Count,
  total_power: Count,
  change: SetChange,
  validators: z.array(ValidatorStanding),
});
export type ValidatorSetView = z.infer<typeof ValidatorSetView>;
