// What a simulated validator says and gathers of the beacon: shares of twin cryptography, the rules of production.
import { indexOf, totalPower } from '#machines/consensus/electorate.ts';
import type { Input } from '#machines/consensus/types.ts';
import { quorum } from '#machines/primitives/quorum.ts';
import { beaconMessage } from '#schemas/consensus/beacon.ts';
import type { ConsensusMessage } from '#schemas/consensus/message-codec.ts';
import type { Process } from './process.ts';
import { twinBeacon } from './twin-crypto.ts';

/** Its shares of the beacon of a committed height; undefined where it has none to say. */
export function ownShares({ state }: Process, chain: string, height: number): ConsensusMessage | undefined {
  const membership = height === 0 ? undefined : state.core.electorate(height);
  const validator = membership === undefined ? -1 : indexOf(membership.validators, state.self);
  if (membership === undefined || membership.beacon_key === null || validator < 0) return undefined;
  const { epoch, beacon_key, validators } = membership;
  const signature = twinBeacon(beacon_key, beaconMessage(chain, epoch, height));
  const signatures = (validators[validator]?.beacon_shares ?? []).map(() => signature);
  return { type: 'beacon.partial', epoch, height, validator, signatures };
}

/** The beacon of the committed height, where it is this validator's turn to propose and a quorum has said its shares. */
export function recovered({ shares, state: { core } }: Process, chain: string, now_ms: number): Input | undefined {
  const { height, beacon } = core.tip;
  const membership = core.electorate(height);
  if (membership === undefined || membership.beacon_key === null || beacon !== undefined || !core.isProposer)
    return undefined;
  const { epoch, beacon_key, validators } = membership;
  const holders = validators.filter(({ id }) => shares.get(height)?.has(id));
  if (totalPower(holders) < quorum(totalPower(validators))) return undefined;
  const signature = twinBeacon(beacon_key, beaconMessage(chain, epoch, height));
  return { type: 'beacon.recovered', height, signature, now_ms };
}
