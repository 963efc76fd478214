// What the API tells of a change of the validator set, stage by stage.
import { expect, test } from 'vitest';
import { validatorSetView } from '#runtime/gateway/validator-set-view.ts';
import { ValidatorSetView } from '#schemas/node/validators.ts';
import { id, VALIDATORS, World } from '../settlement/world/chain.ts';
import { changeSet, deal, joinBody, toBoundary } from '../settlement/world/dealers.ts';

const C0 = id('c0');
const [V0 = ''] = VALIDATORS;
const open = (): World => new World({ candidates: [C0], params: { epoch_heights: 20 } });
const viewOf = ({ ledger, genesis }: World) => ValidatorSetView.parse(validatorSetView(ledger, genesis.params));
const standing = (world: World, validator: string) => viewOf(world).validators.find((one) => one.id === validator);

test('a newcomer’s way into the set: waiting, dealt to, announced, in it', () => {
  const world = open();
  world.send(C0, joinBody(C0, 2));
  world.block();
  expect(viewOf(world)).toMatchObject({ epoch: 0, total_power: 4, change: { stage: 'none', boundary_height: 20 } });
  expect(standing(world, C0)).toMatchObject({
    state: 'joining',
    power: 0,
    next_power: 0,
    wanted_power: 2,
    stake_units: '10000',
    locked_units: '2000',
  });
  toBoundary(world);
  expect(viewOf(world).change).toEqual({ stage: 'keygen', epoch: 1, phase: 'commit', until_height: 23 });
  expect(standing(world, C0)).toMatchObject({ power: 0, next_power: 1 });
  const changes = Array.from({ length: 12 }, () => {
    deal(world);
    world.block();
    return viewOf(world).change;
  });
  expect(changes.map((change) => (change.stage === 'keygen' ? change.until_height : change.stage))).toEqual([
    23,
    23,
    26,
    26,
    26,
    29,
    29,
    29,
    32,
    32,
    32,
    'fixed',
  ]);
  expect(changes.at(-1)).toEqual({ stage: 'fixed', epoch: 1, first_height: 34 });
  world.block();
  expect(viewOf(world)).toMatchObject({ epoch: 1, first_height: 34, total_power: 5, change: { stage: 'none' } });
  expect(standing(world, C0)).toMatchObject({ state: 'member', power: 1, next_power: 1, wanted_power: 2 });
});

test('who leaves wants nothing, and stays listed while its stake is locked', () => {
  const world = open();
  world.send(V0, { type: 'validator.leave' });
  changeSet(world);
  world.block();
  expect(standing(world, V0)).toMatchObject({ state: 'left', power: 0, wanted_power: 0, locked_units: '1000' });
});
