// Sets that change, checked from the outside: headers name the right ones, and where a schedule got to when they changed.
import { decodeHeader } from '#schemas/consensus/block-codec.ts';
import { membershipHash } from '#schemas/consensus/membership-codec.ts';
import type { FinalBlock, Membership } from '#schemas/consensus/types.ts';
import type { Sets, SimSet } from '../sets.ts';
import type { SometimeName } from '../sometimes.ts';
import type { Report } from './violation.ts';

/** Listens to each height once, in order. */
export type EpochOracle = { decided(height: number, final: FinalBlock): void };

/** @param correct whether a validator is held to the rules */
export function createEpochOracle(
  sets: Sets,
  correct: (node: number) => boolean,
  report: Report,
  sees: (name: SometimeName) => void,
): EpochOracle {
  const hashes = new Map<Membership, string>();
  function hashAt(height: number): string {
    const { membership } = sets.at(height);
    const hash = hashes.get(membership) ?? membershipHash(membership);
    hashes.set(membership, hash);
    return hash;
  }

  function checkHeader(height: number, { block }: FinalBlock): void {
    const header = decodeHeader(block.header);
    const named = header.ok
      ? [header.value.epoch, header.value.validators_hash, header.value.next_validators_hash]
      : [];
    const expected = [sets.at(height).membership.epoch, hashAt(height), hashAt(height + 1)];
    if (expected.some((each, i) => each !== named[i]))
      report('set_unannounced', -1, `header ${height} is of epoch ${named[0]}, not ${expected[0]}, or of other sets`);
  }

  return {
    decided(height, final) {
      checkHeader(height, final);
      const set = sets.at(height);
      if (set.membership.epoch === 0) return;
      const { votes, round } = final.certificate;
      const founders = sets.at(1).nodes;
      const isCorrectJoiner = (node: number): boolean => node >= 0 && !founders.includes(node) && correct(node);
      if (votes.some(({ validator }) => isCorrectJoiner(set.nodes[validator] ?? -1))) sees('joiner_signed');
      if (height === set.membership.first_height) onFirst(set, sets.at(height - 1), round);
    },
  };

  function onFirst(set: SimSet, before: SimSet, round: number): void {
    sees('set_changed');
    if (before.membership.beacon_key === null) sees('first_key_dealt');
    if (before.nodes.some((node) => !set.nodes.includes(node) && correct(node))) sees('leaver_left');
    if (before.nodes.some((node) => !set.nodes.includes(node) && !correct(node))) sees('guilty_left');
    if (round > 0) sees('epoch_begun_in_view_change');
  }
}
