// The subject table: who may publish what, who may hear it. Broker permissions and docs are generated from it.

/** The kinds of actor. `public` is a browser without a key. */
export const ACTOR_KINDS = ['validator', 'worker', 'shuffler', 'archiver', 'gateway', 'client'] as const;
export type ActorKind = (typeof ACTOR_KINDS)[number];
/** Kinds for which the broker holds permissions. */
export type Peer = ActorKind | 'public';

export type SubjectRule = {
  readonly name: string;
  /** Subject with `*` for a free token. `{self}` is the id of whoever the row lets publish; where nobody may, of who serves it. */
  readonly pattern: string;
  readonly publish: readonly Peer[];
  readonly subscribe: readonly Peer[];
  readonly about: string;
};

const EVERY_NODE = ['validator', 'worker', 'shuffler', 'archiver', 'gateway', 'client'] as const;

/** One row per subject. `{self}` is filled with the actor's id, so nobody can publish as somebody else. */
export const SUBJECTS = [
  {
    name: 'consensus',
    pattern: 'cs.v1.*.*.*.{self}',
    publish: ['validator'],
    subscribe: ['validator', 'gateway'],
    about: 'Proposals, votes, certificates and beacon partials: cs.v1.<height>.<round>.<type>.<validator>.',
  },
  {
    name: 'beacon',
    pattern: 'cs.v1.*.*.beacon-partial.*',
    publish: [],
    subscribe: ['validator', 'gateway', 'shuffler'],
    about: 'Of these the beacon partials alone: who draws recovers the beacon before a block brings it.',
  },
  {
    name: 'fork',
    pattern: 'cs.v1.*.*.conflict.*',
    publish: [],
    subscribe: EVERY_NODE,
    about: 'Of these what validators have stopped on: two commits of one height.',
  },
  {
    name: 'block',
    pattern: 'blk.v1.{self}',
    publish: ['validator'],
    subscribe: EVERY_NODE,
    about: 'Finalised blocks with their commit certificates.',
  },
  {
    name: 'sync',
    pattern: 'sync.v1.{self}',
    publish: [],
    subscribe: ['validator'],
    about: 'Served by one validator: block ranges, parts of the present block, and where it stands.',
  },
  {
    name: 'sync-request',
    pattern: 'sync.v1.*',
    publish: EVERY_NODE,
    subscribe: [],
    about: 'Ask one validator for a block range, a part of the present block, or where it stands.',
  },
  {
    name: 'transaction',
    pattern: 'tx.v1.{self}',
    publish: EVERY_NODE,
    subscribe: ['validator'],
    about: 'Signed transactions for the ledger.',
  },
  {
    name: 'heartbeat',
    pattern: 'hb.v1.{self}',
    publish: ['worker'],
    subscribe: ['shuffler', 'validator', 'gateway'],
    about: 'A worker is available (lossy by design).',
  },
  {
    name: 'mailbox',
    pattern: 'in.v1.*.{self}',
    publish: EVERY_NODE,
    subscribe: [],
    about: 'Durable message to one actor: in.v1.<receiver>.<sender>.',
  },
  {
    name: 'mailbox-own',
    pattern: 'in.v1.{self}.*',
    publish: [],
    subscribe: EVERY_NODE,
    about: 'Served by each actor: what others sent it.',
  },
  {
    name: 'acknowledgement',
    pattern: 'ack.v1.{self}.*',
    publish: [],
    subscribe: EVERY_NODE,
    about:
      'Heard by a sender: how far each receiver has applied its messages: ack.v1.<sender>.<receiver> (lossy by design).',
  },
  {
    name: 'acknowledgement-send',
    pattern: 'ack.v1.*.{self}',
    publish: EVERY_NODE,
    subscribe: [],
    about: 'Told by a receiver.',
  },
  {
    name: 'told',
    pattern: 'told.v1.{self}.*',
    publish: [],
    subscribe: ['client'],
    about:
      'Heard by an account: what each block did to its jobs and transactions: told.v1.<account>.<gateway> (lossy by design).',
  },
  {
    name: 'told-send',
    pattern: 'told.v1.*.{self}',
    publish: ['gateway'],
    subscribe: [],
    about: 'Told by a gateway.',
  },
  {
    name: 'operator',
    pattern: 'ctl.v1.{self}',
    publish: [],
    subscribe: EVERY_NODE,
    about: 'Served by each actor: status, snapshot, quarantine verbs.',
  },
  {
    name: 'operator-request',
    pattern: 'ctl.v1.*',
    publish: ['gateway', 'client'],
    subscribe: [],
    about: 'Ask an actor for its state, or order a quarantine verb (signed).',
  },
  {
    name: 'public',
    pattern: 'pub.v1.>',
    publish: ['gateway'],
    subscribe: [...EVERY_NODE, 'public'],
    about: 'What any browser may see: the console feed.',
  },
] as const satisfies readonly SubjectRule[];

/** Subject builders; the only place where subjects are spelled. */
export const subject = {
  consensus: (height: number, round: number, type: string, self: string) => `cs.v1.${height}.${round}.${type}.${self}`,
  consensusAll: 'cs.v1.*.*.*.*',
  voteAll: 'cs.v1.*.*.vote.*',
  beaconPartialAll: 'cs.v1.*.*.beacon-partial.*',
  conflictAll: 'cs.v1.*.*.conflict.*',
  block: (self: string) => `blk.v1.${self}`,
  blockAll: 'blk.v1.*',
  sync: (validator: string) => `sync.v1.${validator}`,
  transaction: (self: string) => `tx.v1.${self}`,
  transactionAll: 'tx.v1.*',
  heartbeat: (self: string) => `hb.v1.${self}`,
  heartbeatAll: 'hb.v1.*',
  mailbox: (receiver: string, sender: string) => `in.v1.${receiver}.${sender}`,
  mailboxOf: (receiver: string) => `in.v1.${receiver}.*`,
  acknowledgement: (sender: string, self: string) => `ack.v1.${sender}.${self}`,
  acknowledgements: (self: string) => `ack.v1.${self}.*`,
  told: (account: string, gateway: string) => `told.v1.${account}.${gateway}`,
  operator: (actor: string) => `ctl.v1.${actor}`,
  feed: 'pub.v1.console',
} as const;
