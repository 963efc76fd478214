// What a node is made with, and what its parts share.
import type { Ledger, TreelessLedger } from '#machines/settlement/ledger.ts';
import type { ActorKind } from '#schemas/wire/subjects.ts';
import type { Bus } from '../bus/bus.ts';
import type { Clock } from '../host/ports.ts';
import type { Signer } from '../keys/ed25519.ts';
import type { Chain } from '../network/genesis-file.ts';
import type { Log } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { Store } from '../store/store.ts';
import type { BlockBell } from './block-bell.ts';

export type SeatOptions = { readonly kind: ActorKind; readonly key_path: string };
export type NodeOptions = {
  readonly name: string;
  readonly chain: Chain;
  readonly url: string;
  /** Gateways: where browsers reach the broker. */
  readonly ws_url?: string | undefined;
  /** Folder of the database and of what the node makes. */
  readonly dir: string;
  readonly actors: readonly SeatOptions[];
  /** Validators: files with the shares of the genesis' dealer, the key that later shares are dealt to, and the cosigner's key. */
  readonly beacon_share?: string | undefined;
  readonly encryption?: string | undefined;
  readonly cosigner?: string | undefined;
  /** Checkpoint file in which the operator trusts; without it the genesis alone is trusted. */
  readonly from?: string | undefined;
  readonly http_port: number;
  /** Processes that compute. */
  readonly sandboxes: number;
  readonly dishonest?: 'fake-sub-units' | undefined;
  readonly log_level: string;
  /** The node can no longer keep its word: the process must end and start again. */
  readonly onFailure: (error: unknown) => void;
};

/** What the parts of a node share. */
export type NodeContext = {
  readonly options: NodeOptions;
  readonly chain: Chain;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly seats: readonly (SeatOptions & { readonly signer: Signer; readonly bus: Bus })[];
  /** The connection that reads for the whole node: that of its first actor. */
  readonly bus: Bus;
  readonly ledger: TreelessLedger;
  /** The same ledger where it can prove its rows: on validators and gateways. */
  readonly provable: Ledger | undefined;
  readonly bell: BlockBell;
};
