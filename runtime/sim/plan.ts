// What may go wrong in one schedule: everything that its seed decides before anything happens.

/** `consensus`: validators over a hash chain. `ledger`: the same over the real ledger with money and jobs. */
export type ScheduleKind = 'consensus' | 'ledger';

/** How a faulty validator behaves: two honest copies under one key, or free invention. */
export type ByzantineStyle = 'twins' | 'forger';

/** Links from a set of nodes to another that carry nothing for a while; one direction only when asymmetric. */
export type Partition = {
  readonly start_ms: number;
  readonly end_ms: number;
  /** Bit per node. */
  readonly from: number;
  readonly to: number;
  readonly isSymmetric: boolean;
};

/** Messages of one kind that never reach some nodes in rounds of one parity: how hidden locks come about. */
export type Filter = {
  readonly message: 'proposal' | 'prevote' | 'precommit';
  readonly to: number;
  readonly roundParity: 0 | 1;
  readonly dropOf1024: number;
};

/** Where in a turn the process dies; the turn is the node's `turn`th that has something to say. */
export type CrashPoint = {
  readonly node: number;
  readonly turn: number;
  readonly moment: 'before_sync' | 'after_sync' | 'mid_publish';
  /** Whether the disk kept a batch that was written but not synced. */
  readonly keepsUnsynced: boolean;
  readonly down_ms: number;
};

export type Pause = { readonly node: number; readonly start_ms: number; readonly end_ms: number };

export type Plan = {
  readonly seed: number;
  readonly kind: ScheduleKind;
  /** Voting power per validator. */
  readonly powers: readonly number[];
  /** Faulty validators: together less than a third of the power. */
  readonly byzantine: ReadonlyMap<number, ByzantineStyle>;
  /** Q of correct validators that must go on after the heal; the others may stay away. */
  readonly core: readonly number[];
  readonly delay: {
    readonly least_ms: number;
    readonly spread_ms: number;
    readonly slowOf1024: number;
    readonly slow_ms: number;
  };
  readonly lossOf1024: number;
  readonly duplicateOf1024: number;
  readonly filters: readonly Filter[];
  readonly partitions: readonly Partition[];
  readonly crashes: readonly CrashPoint[];
  readonly pauses: readonly Pause[];
  /** How far each node's clock is off, ms. */
  readonly skews_ms: readonly number[];
  /** When all power fails at once, or 0. */
  readonly blackout_ms: number;
  /** The faults end here, or when this many heights are decided, whichever comes first. */
  readonly heal_ms: number;
  readonly heal_height: number;
  /** Heights that the core must decide after that, beyond what anybody had decided. */
  readonly live_heights: number;
};
