// Consensus data: votes, proposals, certificates, headers, blocks, memberships. Codecs stand in sister files.

/** Vote types. PREVOTE and PRECOMMIT are PBFT's PREPARE and COMMIT. */
export type VoteType = 'prevote' | 'precommit';

/** A vote before it is signed. `value` null means nil. `valid_round` is −1 unless a prevote re-uses polka(valid_round). */
export type Vote = {
  readonly type: VoteType;
  readonly epoch: number;
  readonly height: number;
  readonly round: number;
  /** Block id (32 bytes, lower-case hex) or null for nil. */
  readonly value: string | null;
  readonly valid_round: number;
  /** Index in the validator set of the height. */
  readonly validator: number;
};
/** A vote with its Ed25519 signature (64 bytes) over `voteSignBytes`. */
export type SignedVote = Vote & { readonly signature: Uint8Array };

/** A proposal before it is signed; the polka for `valid_round` ≥ 0 and the body travel beside it. */
export type Proposal = {
  readonly epoch: number;
  readonly height: number;
  readonly round: number;
  readonly value: string;
  readonly valid_round: number;
  readonly validator: number;
};
export type SignedProposal = Proposal & { readonly signature: Uint8Array };

/** Votes of a quorum on one value: polka (prevotes), commit (precommits); skip: > 1/3 distinct voters of a round. */
export type Certificate = {
  readonly type: 'polka' | 'commit' | 'skip';
  readonly height: number;
  readonly round: number;
  /** Block id in hex, or null (nil polka, skip). */
  readonly value: string | null;
  readonly votes: readonly SignedVote[];
};

/** Header; the block id is SHA-256 over its encoded bytes. Encoded once by the proposer, then carried as bytes. */
export type Header = {
  readonly v: 1;
  /** SHA-256 of the genesis, hex. */
  readonly chain: string;
  readonly epoch: number;
  readonly height: number;
  /** Block time: the proposer's clock; strictly rising, at most MAX_CLOCK_DRIFT_MS ahead of the checker's clock. */
  readonly time_ms: number;
  /** Index of the proposer. */
  readonly proposer: number;
  /** Block id of height − 1, hex; all zeros at height 1. */
  readonly previous: string;
  /** RFC 6962 Merkle root over the transactions, hex. */
  readonly txs_root: string;
  /** SHA-256 over the hashes of the body's parts (block-parts.ts), hex: so a part proves itself before the others are there. */
  readonly parts_hash: string;
  /** State root after executing height − 1, hex. */
  readonly state_root: string;
  /** Threshold BLS signature that is the beacon of height − 1 (96 bytes, G2); empty at height 1 and where that height had no beacon key. */
  readonly beacon: Uint8Array;
  /** SHA-256 over the encoded membership of this height (membership-codec.ts), hex. */
  readonly validators_hash: string;
  /** The same of the next height: whoever trusts this header knows who may certify the one after it. */
  readonly next_validators_hash: string;
};

/** A block as it travels: header bytes as hashed, transactions as signed. */
export type Block = { readonly header: Uint8Array; readonly txs: readonly Uint8Array[] };

/** A piece of a block's body, with what shows that it is one: the header has the hash over all `part_hashes`. */
export type BlockPart = {
  readonly header: Uint8Array;
  /** SHA-256 of each part in order, 32 bytes each. */
  readonly part_hashes: readonly Uint8Array[];
  /** From 0. */
  readonly index: number;
  readonly bytes: Uint8Array;
};

/** A block that is final, with the proof. */
export type FinalBlock = { readonly block: Block; readonly certificate: Certificate };

/** Two commit certificates of one height on different blocks: a fork. The first is of the same or an earlier round. */
export type CommitConflict = {
  readonly first: Certificate;
  readonly second: Certificate;
  /** What else the finder holds by signers of the first, from its round to the second's: it shows who let go of a lock. */
  readonly votes: readonly SignedVote[];
};

/** One member of the validator set. */
export type ValidatorInfo = {
  /** Ed25519 public key, hex; also the NATS NKey and the ledger account. */
  readonly id: string;
  readonly operator: string;
  /** Seats: units of voting power, each with one share of the beacon's key. At least 1. */
  readonly power: number;
  /** BLS12-381 public share of each seat (48 bytes, G1, hex), in order; none while the set has no beacon key. */
  readonly beacon_shares: readonly string[];
  /** Ed25519 key that cosigns settlement checkpoints, hex; never the message key. */
  readonly cosigner: string;
  /** X25519 public key, hex: shares that are dealt to this validator are encrypted to it. */
  readonly encryption_key: string;
};
/** At most MAX_VALIDATORS with MAX_SET_POWER seats together. Seats are numbered 1 … W in the order of the validators. */
export type ValidatorSet = readonly ValidatorInfo[];

/** What one epoch is run by. It changes by executing blocks alone, and is known two heights ahead. */
export type Membership = {
  /** 0 at genesis, 1 more at each change. */
  readonly epoch: number;
  /** First height of the epoch; 1 at genesis. */
  readonly first_height: number;
  readonly validators: ValidatorSet;
  /** Group key of the beacon (48 bytes, G1, hex); null until the first key generation has ended: headers then carry no beacon. */
  readonly beacon_key: string | null;
  /** 32 bytes, hex, that shuffle the proposer table: the beacon value known when the set was fixed; at genesis the chain id. */
  readonly proposer_seed: string;
};

/** Two signed statements of one validator that cannot both be honest (machines/consensus/accountability.ts). */
export type Evidence =
  | { readonly type: 'double_vote'; readonly a: SignedVote; readonly b: SignedVote }
  | { readonly type: 'double_proposal'; readonly a: SignedProposal; readonly b: SignedProposal }
  /** `a` is the precommit that locked its author, `b` the later prevote for another block. */
  | { readonly type: 'amnesia'; readonly a: SignedVote; readonly b: SignedVote };
