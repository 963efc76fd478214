// Recovers the last height's beacon from the validators' shares, so that a draw can stand in the very block that brings it.
import type { TreelessLedger } from '#machines/settlement/ledger.ts';
import { beaconValue } from '#schemas/consensus/beacon.ts';
import { decodeConsensusMessage } from '#schemas/consensus/message-codec.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { subject } from '#schemas/wire/subjects.ts';
import type { Bus, Delivery } from '../bus/bus.ts';
import { BeaconCollector } from '../consensus/beacon-collector.ts';
import type { Chain } from '../network/genesis-file.ts';

export type EarlyBeacon = {
  /** The beacon of the ledger's last height, once it is known here; only where a draw waits for it. */
  known(): { readonly height: number; readonly value: Uint8Array } | undefined;
  /** The ledger has executed another block: shares that came before it may do now. */
  follow(): void;
  close(): void;
};

/** @param onKnown called when `known` has an answer */
export function listenForBeacons(o: {
  readonly chain: Chain;
  readonly bus: Bus;
  readonly ledger: Pick<TreelessLedger, 'height' | 'drawsByBeacon' | 'membership'>;
  readonly onKnown: () => void;
  readonly onRefused: (code: Code) => void;
}): EarlyBeacon {
  const { chain, ledger } = o;
  const isKnown = (height: number): boolean => height >= ledger.height() && height <= ledger.height() + 2;
  const membership = (height: number) => (isKnown(height) ? ledger.membership(height) : undefined);
  const collector = new BeaconCollector({ chain: chain.id, membership }, ledger.height() - 1);
  let known: ReturnType<EarlyBeacon['known']>;

  /** Two pairings a height are paid only where a draw waits for them. */
  const gather = (): void => {
    const height = ledger.height();
    if (known?.height === height || !ledger.drawsByBeacon()) return;
    const { recovered, invalid } = collector.gather(height);
    for (const _ of invalid) o.onRefused('BEACON_SHARE_INVALID');
    if (recovered === undefined) return;
    known = { height, value: beaconValue(recovered) };
    o.onKnown();
  };

  /** The sender is whom the broker lets publish on the subject. */
  const hear = ({ subject: heard, data }: Delivery): void => {
    const message = decodeConsensusMessage(data);
    if (!message.ok) return o.onRefused(message.code);
    const share = message.value;
    if (share.type !== 'beacon.partial') return o.onRefused('KIND_UNKNOWN');
    const code = collector.add(heard.slice(heard.lastIndexOf('.') + 1), share);
    if (code !== null) return o.onRefused(code);
    gather();
  };

  const subscription = o.bus.subscribe(subject.beaconPartialAll, hear);
  return {
    known: () => (known?.height === ledger.height() ? known : undefined),
    follow: () => {
      collector.settle(ledger.height() - 1);
      gather();
    },
    close: () => subscription.close(),
  };
}
