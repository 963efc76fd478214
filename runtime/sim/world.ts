// What all parts of one schedule share: its clock, links, chance, trace and oracles.

import type { HostEvent } from '#actors/host.ts';
import type { CoreConfig, Tip } from '#machines/consensus/types.ts';
import type { Prng } from '#machines/primitives/prng.ts';
import type { EvidenceBytes } from '#schemas/consensus/evidence-codec.ts';
import type { FinalBlock } from '#schemas/consensus/types.ts';
import type { Store } from '../store/store.ts';
import type { Disk } from './disk.ts';
import type { EventQueue } from './event-queue.ts';
import type { Message } from './message.ts';
import type { Mutation } from './mutations.ts';
import type { ChainOracle } from './oracles/chain.ts';
import type { ForkOracle } from './oracles/forks.ts';
import type { Report } from './oracles/violation.ts';
import type { VoteLog } from './oracles/vote-log.ts';
import type { Plan } from './plan.ts';
import type { Sets } from './sets.ts';
import type { Execution, SimApplication } from './sim-application.ts';
import type { SometimeName } from './sometimes.ts';
import type { Trace } from './trace.ts';

/** Who gives a snapshot. */
export type SnapshotSource = { readonly disk: Disk; readonly lies: boolean };

/** One validator process, to those that only speak with it. */
export type Peer = {
  readonly id: number;
  /** Number of its key among all that the plan has, member or not; twins share it. */
  readonly validator: number;
  /** What it would serve of its disk to one that has nothing; undefined while it is down. */
  readonly snapshot: SnapshotSource | undefined;
};

/** What can happen next; `to` and `from` are replicas. */
export type SimEvent =
  | { readonly type: 'message'; readonly from: number; readonly to: number; readonly message: Message }
  | { readonly type: 'timer'; readonly to: number; readonly id: string; readonly at_ms: number }
  | { readonly type: 'restart'; readonly to: number }
  | { readonly type: 'actor'; readonly to: number; readonly event: HostEvent }
  | { readonly type: 'blackout' | 'heal' | 'client' };

export type World = {
  readonly plan: Plan;
  readonly mutation: Mutation;
  readonly queue: EventQueue<SimEvent>;
  readonly prng: Prng;
  readonly trace: Trace;
  readonly sets: Sets;
  readonly votes: VoteLog;
  readonly chain: ChainOracle;
  /** Where forks are possible. */
  readonly forks: ForkOracle | undefined;
  readonly report: Report;
  /** Where somebody wants to read what happens: one line each. */
  readonly tell: ((who: number, what: string) => void) | undefined;
  /** A correct validator, or the record of all of them, got to a place that is worth getting to. */
  readonly sees: (name: SometimeName) => void;
  /** A replica has begun a round of the first height. */
  entered(round: number): void;
  /** A correct validator found evidence. */
  accused(finder: number, evidence: EvidenceBytes): void;
  readonly replicas: readonly Peer[];
  /** The core's configuration, but for what differs between processes. */
  readonly base: Omit<CoreConfig, 'self' | 'tip' | 'app'>;
  readonly genesis: Tip;
  /** The application as it was after the last final block on a disk. */
  openApp(store: Store): Promise<SimApplication>;
  /** Whoever works and pays, where the application is the ledger. */
  readonly workforce: Workforce | undefined;
  /** A replica executed a block, and it is final there. */
  executed(execution: Execution, final: FinalBlock): void;
  /** A client's message to a replica, over the same bad network. */
  deliver(to: Peer, message: Message): void;
  /** Put a message on the link between two replicas, with all that may befall it there. */
  send(from: Peer, to: Peer, message: Message): void;
};

/** Everyone who is no consensus process: who works, who pays, who asks to be a validator, and the duties of validators beside consensus. */
export type Workforce = {
  start(): void;
  /** An actor's event is due. */
  hear(actor: number, event: HostEvent): void;
  /** Another height became final somewhere: everyone hears of it, soon. */
  onBlock(execution: Execution): void;
  /** A correct validator's consensus found evidence. */
  onEvidence(validator: number, evidence: EvidenceBytes): void;
  /** Clients do something; what the ledger does not have yet is sent again. */
  tick(): void;
  /** Whether the job is done: every unit paid or given up. */
  readonly isDone: boolean;
};
