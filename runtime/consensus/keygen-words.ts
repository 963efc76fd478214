// What a validator has to say in a key generation now: from what the ledger shows of it, and its own secrets.
import { dealingHash } from '#machines/beacon/plan.ts';
import type { KeygenView } from '#machines/settlement/keygen-view.ts';
import type { DealingRow } from '#schemas/settlement/state.ts';
import type { TxBody } from '#schemas/settlement/transaction.ts';
import type { EncryptionKey } from '../keys/encryption-key.ts';
import { makeDealing, type OwnGeneration, openDealing, sharesFor } from './dealer.ts';

export type KeygenWord = Extract<TxBody, { readonly type: `keygen.${string}` }>;

/** A validator in a generation. */
export type Participant = {
  /** Its key, hex. */
  readonly id: string;
  readonly key: EncryptionKey;
  /** Its secret shares of the key that is handed on, hex; none where there is no such key. */
  readonly shares: readonly string[];
};

/** How dealings are made and opened: a simulated network has a cheap twin of it. */
export type DealerCraft = {
  readonly makeDealing: typeof makeDealing;
  readonly openDealing: typeof openDealing;
  readonly sharesFor: typeof sharesFor;
};
const CRAFT: DealerCraft = { makeDealing, openDealing, sharesFor };

/** The transactions that this validator owes the present phase. What the ledger has already is not said again. */
export function keygenWords(view: KeygenView, self: Participant, craft: DealerCraft = CRAFT): readonly KeygenWord[] {
  const { plan, row, phase, dealings } = view;
  const { epoch } = row;
  const dealer = plan.dealers.findIndex(({ id }) => id === self.id);
  const said = dealings.get(self.id);
  const own: OwnGeneration = { generation: view.generation, plan, key: self.key };
  // Without the shares of its seats it has nothing to hand on: its silence is all that it can say.
  const canDeal = dealer >= 0 && (plan.kind === 'fresh' || self.shares.length === plan.dealers[dealer]?.power);
  switch (phase) {
    case 'commit':
      if (!canDeal || said !== undefined) return [];
      return [
        {
          type: 'keygen.commit',
          epoch,
          hash: dealingHash(view.generation, self.id, craft.makeDealing(own, dealer, self.shares)),
        },
      ];
    case 'deal':
      if (!canDeal || said === undefined || said.dealing.length > 0) return [];
      return [{ type: 'keygen.deal', epoch, dealing: craft.makeDealing(own, dealer, self.shares) }];
    case 'complain':
      return complaints(view, own, self.id, craft);
    case 'justify':
      return canDeal && said !== undefined ? justifications(view, own, dealer, said, self, craft) : [];
    case undefined:
      return [];
  }
}

/** Against every dealing that does not hold for this validator what it commits to. */
function complaints(
  { plan, row, dealings }: KeygenView,
  own: OwnGeneration,
  self: string,
  { openDealing }: DealerCraft,
): KeygenWord[] {
  const receiver = plan.receivers.findIndex(({ id }) => id === self);
  if (receiver < 0) return [];
  return plan.dealers.flatMap(({ id }, dealer): KeygenWord[] => {
    const said = dealings.get(id);
    const isOpen = said !== undefined && said.dealing.length > 0 && said.fault === '';
    if (!isOpen || said.complaints.some((other) => other.receiver === self)) return [];
    const isGood = openDealing(own, dealer, receiver, said.dealing) !== undefined;
    return isGood ? [] : [{ type: 'keygen.complain', epoch: row.epoch, dealer: id }];
  });
}

/** What was dealt to those who complained, for all to see: a share that its receiver could not read, or said so. */
function justifications(
  { plan, row }: KeygenView,
  own: OwnGeneration,
  dealer: number,
  { complaints }: DealingRow,
  self: Participant,
  { sharesFor }: DealerCraft,
): KeygenWord[] {
  return complaints
    .filter(({ shares }) => shares.length === 0)
    .map(({ receiver }) => {
      const index = plan.receivers.findIndex(({ id }) => id === receiver);
      return {
        type: 'keygen.justify',
        epoch: row.epoch,
        receiver,
        shares: [...sharesFor(own, dealer, self.shares, index)],
      };
    });
}
