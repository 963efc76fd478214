// A validator's secret shares of the beacon's key in each epoch: those of the genesis from a file, all later ones from the ledger's
// dealings and its own encryption key. So nothing but that key has to be kept, and a node that lost its disk has them again.
import { SecretKey } from '@chainsafe/blst';
import type { KeygenView } from '#machines/settlement/keygen-view.ts';
import type { Membership } from '#schemas/consensus/types.ts';
import type { EncryptionKey } from '../keys/encryption-key.ts';
import { composeShares, decryptDealing } from './dealer.ts';

/** Epochs whose shares are remembered: the present one, and the one before, whose last beacon may still be asked for. */
const KEPT_EPOCHS = 2;

export type OwnSharesOptions = {
  /** Own key, hex. */
  readonly id: string;
  /** Its secret shares by the genesis' dealer, hex; none where the genesis has no beacon key. */
  readonly dealt: readonly string[];
  readonly key: EncryptionKey;
  /** The generation that made the key of an epoch. */
  readonly keygen: (epoch: number) => KeygenView | undefined;
  /** The shares of this epoch cannot be had: this validator adds nothing to its beacons. Told once an epoch. */
  readonly onMissing: (epoch: number) => void;
};

export class OwnShares {
  readonly #o: OwnSharesOptions;
  readonly #known = new Map<number, readonly string[]>();

  constructor(options: OwnSharesOptions) {
    this.#o = options;
  }

  /** Hex, one for each own seat; none where this validator is no member, there is no key, or they cannot be had. */
  of(membership: Membership): readonly string[] {
    const { epoch, beacon_key, validators } = membership;
    const own = validators.find(({ id }) => id === this.#o.id);
    if (own === undefined || beacon_key === null) return [];
    const known = this.#known.get(epoch);
    if (known !== undefined) return known;
    const secrets = epoch === 0 ? this.#o.dealt : (this.#compose(epoch) ?? []);
    const areTrue = secrets.length === own.power && secrets.every((secret, i) => isShare(secret, own.beacon_shares[i]));
    if (!areTrue) this.#o.onMissing(epoch);
    this.#known.set(epoch, areTrue ? secrets : []);
    for (const old of this.#known.keys()) if (old <= epoch - KEPT_EPOCHS) this.#known.delete(old);
    return areTrue ? secrets : [];
  }

  #compose(epoch: number): readonly string[] | undefined {
    const view = this.#o.keygen(epoch);
    const receiver = view?.plan.receivers.findIndex(({ id }) => id === this.#o.id) ?? -1;
    if (view === undefined || receiver < 0) return undefined;
    const { plan, generation, row, dealings } = view;
    const own = { generation, plan, key: this.#o.key };
    const dealt = row.qualified.map((id): [number, readonly Uint8Array[]] => {
      const dealer = plan.dealers.findIndex((member) => member.id === id);
      const said = dealings.get(id);
      const revealed = said?.complaints.find((complaint) => complaint.receiver === this.#o.id)?.shares;
      return [dealer, revealed ?? decryptDealing(own, dealer, receiver, said?.dealing ?? new Uint8Array(0)) ?? []];
    });
    return composeShares(plan, receiver, new Map(dealt));
  }
}

/** Whether a secret is that of a public share; both hex. */
function isShare(secret: string, share: string | undefined): boolean {
  try {
    return SecretKey.fromHex(secret).toPublicKey().toHex() === `0x${share}`;
  } catch {
    return false; // zero, or not below the order of the group
  }
}
