// The validator core's inputs and effects: pure data in, pure data out. Keeper → multiplexer → round machine → effects.
import type {
  Block,
  BlockPart,
  Certificate,
  CommitConflict,
  Evidence,
  FinalBlock,
  Header,
  Membership,
  Proposal,
  SignedProposal,
  SignedVote,
  Vote,
} from '#schemas/consensus/types.ts';
import type { Code } from '#schemas/wire/codes.ts';

/** The replicated application as consensus sees it: pure and deterministic; the ledger implements it. */
export type Application = {
  /** Transactions for the next block, at most `max_bytes` and `max_txs`, in an order that will execute. */
  prepare(limits: { readonly max_bytes: number; readonly max_txs: number }): readonly Uint8Array[];
  /** Whether the body may be voted for: sizes, encodings, signatures. Transactions that fail on execution are refused there. */
  validate(txs: readonly Uint8Array[]): boolean;
  /** Execute a final block; returns the state root that the next header carries (hex). Called once per height, in order. */
  execute(header: Header, txs: readonly Uint8Array[]): { readonly state_root: string };
  /**
   * What this height is run by, as the executed blocks have fixed it: any from 1 to two after the last executed one. The same epoch is
   * the same membership.
   */
  membership(height: number): Membership;
  /** Whether there are transactions waiting (a reason to propose before the idle interval). */
  hasWork(): boolean;
};

/** Pure cryptography handed in: Ed25519 and SHA-256 in production, cheap twins in the simulator. */
export type Crypto = {
  sha256(data: Uint8Array): Uint8Array<ArrayBuffer>;
  /** Ed25519 by the pinned rule (ADR 25: RFC 8032 §5.1.7, cofactorless, canonical S, nothing of small order). `key` is hex. */
  verify(key: string, message: Uint8Array, signature: Uint8Array): boolean;
  /** Whether a beacon's `signature` over `message` (schemas/consensus/beacon.ts) is by this group key, hex. Asked once per new value. */
  verifyBeacon(key: string, message: Uint8Array, signature: Uint8Array): boolean;
};

/** The last decided height: all that the next height rests on. At genesis: height 0, `id` 64 zeros. */
export type Tip = {
  readonly height: number;
  /** Block id, hex. */
  readonly id: string;
  readonly time_ms: number;
  /** State root that the next header carries, hex. */
  readonly state_root: string;
  /** Beacon signature of this height; absent until recovered, never there at genesis. */
  readonly beacon?: Uint8Array;
  /** The block itself with its certificate, served to peers that lag by one; absent at genesis. */
  readonly final?: FinalBlock;
};

/** A decided height, as far as it may prove forked: who signed both is told from its commit and the votes beside that. */
export type DecidedHeight = { readonly commit: Certificate; readonly votes: readonly SignedVote[] };

/** What a validator tells others about its position: it is asked for blocks from `lowest_height` up to below `height` by peers that lag. */
export type Status = { readonly height: number; readonly round: number; readonly lowest_height: number };

/** Inputs; signatures on messages are checked inside the core through `Crypto.verify`, once per new message. */
export type Input =
  | { readonly type: 'started'; readonly now_ms: number }
  | {
      readonly type: 'proposal.received';
      readonly proposal: SignedProposal;
      readonly polka?: Certificate;
      /** Absent where its body travels in parts, or is known. */
      readonly block?: Block;
      readonly now_ms: number;
    }
  /** `from`: key id of who sent it; a part proves itself. */
  | { readonly type: 'part.received'; readonly from: string; readonly part: BlockPart; readonly now_ms: number }
  | { readonly type: 'vote.received'; readonly vote: SignedVote; readonly now_ms: number }
  | {
      readonly type: 'certificate.received';
      readonly certificate: Certificate;
      readonly block?: Block;
      readonly now_ms: number;
    }
  /** What another node stopped on. */
  | { readonly type: 'conflict.received'; readonly conflict: CommitConflict; readonly now_ms: number }
  | { readonly type: 'status.received'; readonly from: string; readonly status: Status; readonly now_ms: number }
  | { readonly type: 'timer.fired'; readonly id: string; readonly now_ms: number }
  /** A transaction entered the pool: propose now if it is our turn and the pace allows. */
  | { readonly type: 'work.arrived'; readonly now_ms: number }
  | {
      readonly type: 'beacon.recovered';
      readonly height: number;
      readonly signature: Uint8Array;
      readonly now_ms: number;
    }
  | {
      readonly type: 'blocks.synced';
      /** Key id of who sent them. */
      readonly from: string;
      readonly blocks: readonly FinalBlock[];
      readonly now_ms: number;
    };

/** Orders to the driver's host, in order. No vote or proposal leaves before all `record`s of the turn are synced. */
export type CoreEffect =
  /** Append to the height's log: replayed through `Core.restore` after a crash. What comes before a `decided` of the same step is over. */
  | { readonly type: 'record'; readonly input: Input }
  /** Sign through the signer (which may refuse), record, sync, publish; feed the signed vote back as an input of the same turn. */
  | { readonly type: 'vote'; readonly vote: Vote }
  | { readonly type: 'propose'; readonly proposal: Proposal; readonly block: Block; readonly polka?: Certificate }
  | { readonly type: 'publish.certificate'; readonly certificate: Certificate; readonly block?: Block }
  | { readonly type: 'publish.status'; readonly status: Status }
  /** Repeat the own latest signed messages of this height. */
  | { readonly type: 'rebroadcast' }
  | { readonly type: 'timer.set'; readonly id: string; readonly at_ms: number }
  | { readonly type: 'timer.cancel'; readonly id: string }
  /** Final: write block and certificate with the end-of-height mark before this node's actors hear of it; the state follows from them. */
  | {
      readonly type: 'decided';
      readonly height: number;
      readonly round: number;
      readonly final: FinalBlock;
      readonly header: Header;
      readonly state_root: string;
      /** What may name the makers of a fork here, beside the certificate: to be kept as long as `CoreConfig.decided` gives it back. */
      readonly votes: readonly SignedVote[];
      /** The set that decided it. */
      readonly membership: Membership;
    }
  /** Release the beacon partial of a height whose commit certificate is held, once an own vote in it is synced. */
  | { readonly type: 'beacon.release'; readonly height: number }
  | {
      readonly type: 'sync.request';
      /** Key id. */
      readonly peer: string;
      readonly first_height: number;
      readonly last_height: number;
    }
  /** Ask one peer for a part of a body of this height; its answer comes back as `part.received`. */
  | {
      readonly type: 'part.request';
      /** Key id. */
      readonly peer: string;
      readonly height: number;
      readonly value: string;
      readonly index: number;
    }
  | { readonly type: 'evidence.found'; readonly evidence: Evidence }
  /** An input was refused. Counted, never answered. */
  | { readonly type: 'refused'; readonly code: Code }
  /** Two certificates at one height (`conflict`: both, kept before the node ends), or own data against a certificate: stop and say so. */
  | { readonly type: 'halt'; readonly code: Code; readonly detail: string; readonly conflict?: CommitConflict };

/** What the core is made with. */
export type CoreConfig = {
  readonly chain: string;
  /** Own key id, hex. At heights where it is in no set this core follows, decides and executes, and says nothing of its own. */
  readonly self: string;
  /** Where to go on from: genesis, or the last height that the store holds as final. */
  readonly tip: Tip;
  /** The last decided heights up to the tip, as a store remembers them; where it does not, the tip's certificate is there alone. */
  readonly decided?: readonly DecidedHeight[];
  /** The lowest height whose block this node holds, where it took up a snapshot; otherwise it holds them from 1 on. */
  readonly lowest_height?: number;
  readonly timeouts: {
    readonly propose_ms: number;
    readonly vote_ms: number;
    readonly rebroadcast_ms: number;
    readonly cap_ms: number;
  };
  readonly min_block_interval_ms: number;
  readonly max_block_interval_ms: number;
  readonly crypto: Crypto;
  readonly app: Application;
};
