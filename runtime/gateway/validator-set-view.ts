// The validator set as the ledger has it: for `sortition validators` and whoever asks the API.
import type { Ledger } from '#machines/settlement/ledger.ts';
import type { Params } from '#schemas/config/genesis.ts';
import type { ValidatorSetView } from '#schemas/node/validators.ts';

type Powers = ReadonlyMap<string, number>;
type Set = readonly { readonly id: string; readonly power: number }[];

export function validatorSetView(
  ledger: Ledger,
  { epoch_heights, keygen_phase_heights }: Pick<Params, 'epoch_heights' | 'keygen_phase_heights'>,
): ValidatorSetView {
  const height = ledger.height();
  const now = ledger.membership(height + 1);
  const fixed = ledger.membership(height + 2);
  const keygen = ledger.keygen(fixed.epoch + 1);
  const isGenerating = keygen?.phase !== undefined;
  const powers = powersOf(now.validators);
  const next = powersOf(isGenerating ? keygen.plan.receivers : fixed.validators);
  return {
    height,
    epoch: now.epoch,
    first_height: now.first_height,
    total_power: now.validators.reduce((sum, { power }) => sum + power, 0),
    change: changeOf(),
    validators: ledger.validators().map(({ id, operator, state, since_height, power }) => ({
      id,
      operator,
      state,
      since_height,
      power: powers.get(id) ?? 0,
      next_power: next.get(id) ?? 0,
      wanted_power: state === 'member' || state === 'joining' ? power : 0,
      stake_units: `${ledger.balance('stake', id)}`,
      locked_units: `${ledger.lockedStake(id)}`,
    })),
  };

  function changeOf(): ValidatorSetView['change'] {
    if (fixed !== now) return { stage: 'fixed', epoch: fixed.epoch, first_height: fixed.first_height };
    if (keygen?.phase === undefined)
      return { stage: 'none', boundary_height: (Math.floor(height / epoch_heights) + 1) * epoch_heights };
    const { start_height, epoch } = keygen.row;
    const phases_count = Math.floor((height - start_height) / keygen_phase_heights) + 1;
    const until_height = start_height + phases_count * keygen_phase_heights;
    return { stage: 'keygen', epoch, phase: keygen.phase, until_height };
  }
}

const powersOf = (set: Set): Powers => new Map(set.map(({ id, power }) => [id, power]));
