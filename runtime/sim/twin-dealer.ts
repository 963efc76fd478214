// What a simulated validator owes a key generation: the production words over twin dealings; a liar keeps silent, deals nonsense, or
// complains about what was dealt well.

import type { Prng } from '#machines/primitives/prng.ts';
import type { KeygenView } from '#machines/settlement/keygen-view.ts';
import { type DealerCraft, type KeygenWord, keygenWords } from '../consensus/keygen-words.ts';
import { encryptionKey } from '../keys/encryption-key.ts';
import { twinDealing, twinShares } from './twin-dealings.ts';

/** Nothing is encrypted: one key does for all. */
const KEY = encryptionKey(new Uint8Array(32));

const HONEST: DealerCraft = {
  makeDealing: ({ plan }, dealer) => twinDealing(plan, dealer),
  openDealing: ({ plan }, dealer, receiver) => twinShares(plan, dealer, receiver),
  sharesFor: ({ plan }, dealer, _shares, receiver) => twinShares(plan, dealer, receiver),
};

/** Chances of each misdeed of a liar, of 1024. */
const SILENT = 200;
const MALFORMED = 150;
const COMPLAINS = 400;

/** The words of validator `id` in the phase that the view is in. @param lies drawn from, where it is Byzantine */
export function twinKeygenWords(view: KeygenView, id: string, lies?: Prng): readonly KeygenWord[] {
  const seats = view.plan.dealers.find((dealer) => dealer.id === id)?.power ?? 0;
  // Nobody looks at a twin's shares: it has as many as it has seats.
  const self = { id, key: KEY, shares: Array.from({ length: seats }, () => '') };
  if (lies === undefined) return keygenWords(view, self, HONEST);
  if (lies.chance(SILENT)) return [];
  const isMalformed = lies.chance(MALFORMED);
  const craft: DealerCraft = {
    ...HONEST,
    makeDealing: (own, dealer, shares) => (isMalformed ? Uint8Array.of(1) : HONEST.makeDealing(own, dealer, shares)),
    openDealing: (...dealt) => (lies.chance(COMPLAINS) ? undefined : HONEST.openDealing(...dealt)),
    sharesFor: (...asked) => (isMalformed ? [new Uint8Array(32)] : HONEST.sharesFor(...asked)),
  };
  return keygenWords(view, self, craft);
}
