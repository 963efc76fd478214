// A validator's part in the beacon, off the critical path: says its own shares of a committed height, gathers the others' when it
// has to propose. Whoever does not propose takes the beacon from the proposed header and checks it there: half the work.
import { indexOf } from '#machines/consensus/electorate.ts';
import type { Tip } from '#machines/consensus/types.ts';
import { beaconMessage } from '#schemas/consensus/beacon.ts';
import type { Membership } from '#schemas/consensus/types.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { signPartial } from './beacon.ts';
import { BeaconCollector, type BeaconPlace, type BeaconShares } from './beacon-collector.ts';

/** Own secret shares (hex) of a membership's beacon key, one for each own seat; none where they are not known here. */
export type SecretShares = (membership: Membership) => readonly string[];

/** Where it looks, and where it goes on. */
export type BeaconPorts = BeaconPlace & {
  /** The last height that is final here: its commit certificate is held, and an own vote in it is on disk. */
  readonly tip: () => Tip;
  /** Whether the next block is this validator's to propose, in the round that runs or would begin now. */
  readonly isProposer: () => boolean;
  readonly onShares: (shares: BeaconShares) => void;
  readonly onRecovered: (height: number, signature: Uint8Array) => void;
  readonly onRefused: (code: Code) => void;
  /** The validator with this key id has said shares of a height that are none. */
  readonly onFalse: (id: string, height: number) => void;
};

export class BeaconDuty {
  /** Own key id. */
  readonly #self: string;
  readonly #secrets: SecretShares;
  readonly #ports: BeaconPorts;
  readonly #collector: BeaconCollector;
  /** The own shares of the last committed height. */
  #shares: BeaconShares | undefined;

  constructor(self: string, secrets: SecretShares, ports: BeaconPorts) {
    this.#self = self;
    this.#secrets = secrets;
    this.#ports = ports;
    this.#collector = new BeaconCollector(ports, ports.tip().height - 1);
  }

  /**
   * Say the own shares of the last committed height, if its set had this validator in it; again until the next one is committed:
   * someone may still lack them.
   */
  release(height: number): void {
    if (height === 0 || height !== this.#ports.tip().height) return;
    this.#collector.settle(height - 1);
    const shares = this.#own(height);
    if (shares === undefined) return;
    this.#collector.add(this.#self, shares);
    this.#ports.onShares(shares);
    this.gather();
  }

  /** Shares prove themselves when the beacon is verified; their sender is whom the broker let publish. */
  hear(sender: string, shares: BeaconShares): void {
    const code = this.#collector.add(sender, shares);
    if (code !== null) return this.#ports.onRefused(code);
    this.gather();
  }

  /** Recover the beacon if it is missing, wanted and can be. Costs nothing where not: ask whenever one of these may have changed. */
  gather(): void {
    const { height, beacon } = this.#ports.tip();
    if (beacon !== undefined || !this.#ports.isProposer()) return;
    const { recovered, invalid } = this.#collector.gather(height);
    for (const validator of invalid)
      this.#ports.onFalse(this.#ports.membership(height)?.validators[validator]?.id ?? '', height);
    if (recovered !== undefined) this.#ports.onRecovered(height, recovered);
  }

  /** Signed once a height; undefined where this validator has no part in it. */
  #own(height: number): BeaconShares | undefined {
    if (this.#shares?.height === height) return this.#shares;
    const membership = this.#ports.membership(height);
    const validator = membership === undefined ? -1 : indexOf(membership.validators, this.#self);
    if (membership === undefined || membership.beacon_key === null || validator < 0) return undefined;
    const { epoch } = membership;
    const message = beaconMessage(this.#ports.chain, epoch, height);
    const signatures = this.#secrets(membership).map((secret) => signPartial(secret, message));
    if (signatures.length === 0) return undefined;
    this.#shares = { type: 'beacon.partial', epoch, height, validator, signatures };
    return this.#shares;
  }
}
