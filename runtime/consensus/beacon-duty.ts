// A validator's part in the beacon, off the critical path: says its own share of a committed height, gathers the others' when it
// has to propose. Whoever does not propose takes the beacon from the proposed header and checks it there: half the work.
import type { Tip } from '#machines/consensus/types.ts';
import { beaconMessage } from '#schemas/consensus/beacon.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { signPartial } from './beacon.ts';
import { BeaconCollector, type BeaconKeys } from './beacon-collector.ts';
import type { BeaconShare } from './ingress.ts';

/** Where it looks, and where it goes on. */
export type BeaconPorts = {
  /** The last height that is final here: its commit certificate is held, and an own vote in it is on disk. */
  readonly tip: () => Tip;
  /** Whether the next block is this validator's to propose, in the round that runs or would begin now. */
  readonly isProposer: () => boolean;
  readonly onShare: (share: BeaconShare) => void;
  readonly onRecovered: (height: number, signature: Uint8Array) => void;
  readonly onRefused: (code: Code) => void;
};

export class BeaconDuty {
  readonly #keys: BeaconKeys;
  readonly #self: number;
  readonly #secret_share: string;
  readonly #ports: BeaconPorts;
  readonly #collector: BeaconCollector;
  /** The own share of the last committed height. */
  #share: BeaconShare | undefined;

  /** @param secret_share hex */
  constructor(keys: BeaconKeys, self: number, secret_share: string, ports: BeaconPorts) {
    this.#keys = keys;
    this.#self = self;
    this.#secret_share = secret_share;
    this.#ports = ports;
    this.#collector = new BeaconCollector(keys, ports.tip().height - 1);
  }

  /** Say the own share of the last committed height, again until the next one is committed: someone may still lack it. */
  release(height: number): void {
    if (height === 0 || height !== this.#ports.tip().height) return;
    this.#collector.settle(height - 1);
    const share = this.#own(height);
    this.#collector.add(height, share);
    this.#ports.onShare(share);
    this.gather();
  }

  /** A share proves itself when the beacon is verified; its sender is whom the broker let publish. */
  hear(sender: number, share: BeaconShare): void {
    if (share.validator !== sender) return this.#ports.onRefused('SENDER_MISMATCH');
    if (share.epoch !== this.#keys.epoch) return this.#ports.onRefused('EPOCH_MISMATCH');
    this.#collector.add(share.height, share);
    this.gather();
  }

  /** Recover the beacon if it is missing, wanted and can be. Costs nothing where not: ask whenever one of these may have changed. */
  gather(): void {
    const { height, beacon } = this.#ports.tip();
    if (beacon !== undefined || !this.#ports.isProposer()) return;
    const { recovered, invalid } = this.#collector.gather(height);
    for (const _ of invalid) this.#ports.onRefused('BEACON_SHARE_INVALID');
    if (recovered !== undefined) this.#ports.onRecovered(height, recovered);
  }

  /** Signed once a height. */
  #own(height: number): BeaconShare {
    if (this.#share?.height === height) return this.#share;
    const { chain, epoch } = this.#keys;
    const signature = signPartial(this.#secret_share, beaconMessage(chain, epoch, height));
    this.#share = { type: 'beacon.partial', epoch, height, validator: this.#self, signature };
    return this.#share;
  }
}
