// Consensus data: votes, proposals, certificates, headers, blocks, validator sets. Codecs stand in sister files.

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
  /** Threshold BLS signature that is the beacon of height − 1 (96 bytes, G2); empty at height 1. */
  readonly beacon: Uint8Array;
  /** SHA-256 over the encoded validator set of this height, hex. */
  readonly validators_hash: string;
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
  readonly power: number;
  /** BLS12-381 public share for the beacon, hex. */
  readonly beacon_share: string;
  /** Ed25519 key that cosigns settlement checkpoints, hex; never the message key. */
  readonly cosigner: string;
};
export type ValidatorSet = readonly ValidatorInfo[];

/** Two signed statements of one validator that cannot both be honest (machines/consensus/accountability.ts). */
export type Evidence =
  | { readonly type: 'double_vote'; readonly a: SignedVote; readonly b: SignedVote }
  | { readonly type: 'double_proposal'; readonly a: SignedProposal; readonly b: SignedProposal }
  /** `a` is the precommit that locked its author, `b` the later prevote for another block. */
  | { readonly type: 'amnesia'; readonly a: SignedVote; readonly b: SignedVote };
