// A validator's part in the beacon: everyone says a share, who is to propose recovers, once.
import { expect, test } from 'vitest';
import type { Tip } from '#machines/consensus/types.ts';
import { signPartial, verifyBls } from '#runtime/consensus/beacon.ts';
import { dealShares } from '#runtime/consensus/beacon-dealer.ts';
import { BeaconDuty } from '#runtime/consensus/beacon-duty.ts';
import { beaconMessage } from '#schemas/consensus/beacon.ts';
import { CHAIN, membershipOf, validatorSet } from './network.ts';

const HEIGHT = 9;
const message = beaconMessage(CHAIN, 0, HEIGHT);
const deal = dealShares(4, 3, new Uint8Array(32).fill(5));
const secretOf = (i: number): string => deal.shares[i]?.secret ?? '';
const validators = validatorSet(4).map((validator, i) => ({
  ...validator,
  beacon_shares: [deal.shares[i]?.public ?? ''],
}));
const idOf = (i: number): string => validators[i]?.id ?? '';
const tip: Tip = { height: HEIGHT, id: '00'.repeat(32), time_ms: 1, state_root: '00'.repeat(32) };
const shareOf = (validator: number) =>
  ({
    type: 'beacon.partial',
    epoch: 0,
    height: HEIGHT,
    validator,
    signatures: [signPartial(secretOf(validator), message)],
  }) as const;

/** The duty of validator 0, and what it led to. */
function duty(isProposer: () => boolean) {
  const said: number[] = [];
  const recovered: Uint8Array[] = [];
  const refused: string[] = [];
  const liars: string[] = [];
  const membership = membershipOf(validators, deal.group_key);
  const it = new BeaconDuty(idOf(0), () => [secretOf(0)], {
    chain: CHAIN,
    membership: () => membership,
    tip: () => tip,
    isProposer,
    onShares: (shares) => said.push(shares.validator),
    onRecovered: (_, signature) => recovered.push(signature),
    onRefused: (code) => refused.push(code),
    onFalse: (id) => liars.push(id),
  });
  return { it, said, recovered, refused, liars };
}

test('who is to propose recovers as soon as the shares suffice, and once', () => {
  const { it, said, recovered } = duty(() => true);
  it.release(HEIGHT);
  for (const i of [1, 2, 3]) it.hear(idOf(i), shareOf(i));
  it.gather();
  expect(said).toEqual([0]);
  expect(recovered.map((signature) => verifyBls(deal.group_key, message, signature))).toEqual([true]);
});

test('who is not says a share and recovers nothing, until it is its turn', () => {
  let isProposer = false;
  const { it, said, recovered } = duty(() => isProposer);
  it.release(HEIGHT);
  for (const i of [1, 2]) it.hear(idOf(i), shareOf(i));
  it.gather();
  expect([said, recovered]).toEqual([[0], []]);
  isProposer = true;
  it.gather();
  expect(recovered).toHaveLength(1);
});

test('a share in another validator’s name is refused', () => {
  const { it, recovered, refused } = duty(() => true);
  it.release(HEIGHT);
  for (const i of [1, 2]) it.hear(idOf(3), shareOf(i));
  expect([recovered, refused]).toEqual([[], ['SENDER_MISMATCH', 'SENDER_MISMATCH']]);
});

test('false shares are dropped, who said them is named, and the others recover', () => {
  const { it, recovered, refused, liars } = duty(() => true);
  it.release(HEIGHT);
  it.hear(idOf(1), { ...shareOf(1), signatures: [signPartial(secretOf(2), message)] });
  it.hear(idOf(2), shareOf(2));
  expect([recovered, liars]).toEqual([[], [idOf(1)]]);
  it.hear(idOf(3), shareOf(3));
  expect(recovered.map((signature) => verifyBls(deal.group_key, message, signature))).toEqual([true]);
  expect([liars, refused]).toEqual([[idOf(1)], []]);
});
