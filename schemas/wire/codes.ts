// Every refusal and failure code, with what it means and what to do; a code is never reused.

/** Code → one sentence: what happened and what to do. Rendered into docs/reference/error-codes.md. */
export const CODES = {
  // wire
  MESSAGE_TOO_LARGE: 'The message is above the size limit; send less in one message.',
  ENVELOPE_MALFORMED: 'The bytes are not an envelope of this version; check the encoder.',
  ENVELOPE_VERSION_UNKNOWN: 'The envelope has a version that this node does not speak; upgrade the older side.',
  NETWORK_MISMATCH: 'The message is for another network; check the genesis file that the sender uses.',
  SENDER_MISMATCH: 'The sender in the message is not the one its subject belongs to; publish on your own subject.',
  SIGNATURE_INVALID: 'The signature does not match the bytes and the sender; check the key file.',
  MESSAGE_EXPIRED: 'The message came after its expiry; check the clock, then send it again.',
  EXPIRY_TOO_FAR: 'The expiry lies too far ahead; use a shorter one.',
  KIND_UNKNOWN: 'This receiver does not hear messages of this kind.',
  RECEIVER_UNKNOWN: 'No such actor is hosted here.',
  BODY_MALFORMED: 'The body is not MessagePack of the stated kind.',
  SCHEMA_MISMATCH: 'The body has a missing, extra or wrong field for its kind.',
  COUNTER_REPLAYED: 'The message was applied before; nothing to do.',
  COUNTER_GAP: 'An earlier message of the sender is missing; the sender repeats it.',
  // keys
  KEY_FILE_EXISTS: 'There is a key file at that path already; it is never overwritten.',
  KEY_FILE_MISSING: 'There is no key file at that path; make one with `sortition keys create`.',
  KEY_FILE_PERMISSIONS: 'Others than the owner may read the key file; run chmod 600 on it, or make a new key.',
  KEY_FILE_MALFORMED: 'The file does not hold a seed of 64 hex characters.',
  // transactions
  TX_MALFORMED: 'The bytes are not a transaction of this version.',
  TX_SIGNATURE_INVALID: 'The signature of the transaction does not match its account.',
  TX_EXPIRED: 'The transaction is past its expiry height; sign it again.',
  TX_EXPIRY_TOO_FAR: 'The expiry height lies too far ahead; use a lower one.',
  TX_NONCE_LOW: 'The nonce was used before: a replay, or another device signs with the same key.',
  TX_NONCE_HIGH: 'An earlier nonce of the account is missing; send that transaction first.',
  TX_FEE_LOW: 'The fee is below the network minimum.',
  MEMPOOL_FULL: 'The validator holds as many transactions as it may; try again after the next block.',
  BALANCE_LOW: 'The account does not hold the amount.',
  AMOUNT_INVALID: 'The amount must be positive and within bounds.',
  ACCOUNT_UNKNOWN: 'No such account.',
  NOT_AUTHORISED: 'This account may not do that.',
  // host and store
  STORE_OPEN_FAILED: 'The database cannot be opened; another process may have it, or the folder cannot be written.',
  STORE_READ_FAILED: 'The database cannot be read; check the disk.',
  STORE_WRITE_FAILED: 'The database cannot be written; check for a full or broken disk. The node stops, nothing is lost.',
  SNAPSHOT_MALFORMED: 'The stored state of an actor is not what its schema says; it was written by another release or the disk is broken.',
  SNAPSHOT_VERSION_UNKNOWN: 'The stored state of an actor has a version that this release cannot read; upgrade it.',
  ACTOR_STOPPED: 'The actor failed too often and was stopped; look at its quarantine, then resume it.',
  HOST_BUSY: 'The node has more messages than it may hold; the sender repeats them later.',
  IO_FAILED: 'The port failed without saying why.',
  // sandbox
  SANDBOX_UNIT_INVALID: 'The kernel cannot take this unit or sub-unit; check size, start and indices.',
  SANDBOX_KERNEL_MISMATCH: 'The kernel file is not the pinned one; restore it or build it again.',
  SANDBOX_CRASHED: 'The sandbox process ended during its work, twice; look for memory pressure on the machine.',
  SANDBOX_DEADLINE: 'The sandbox process took too long for one sub-unit and was killed; the machine may be overloaded.',
  SANDBOX_TRAPPED: 'The kernel stopped at an instruction that it must not reach; report the unit.',
  SANDBOX_ABORTED: 'The computation was given up by its caller.',
  SANDBOX_BUSY: 'Too many computations wait for a sandbox process; ask again later.',
  SANDBOX_CLOSED: 'The sandbox pool is closed.',
  // settlement records, log, archive
  RECORD_MALFORMED: 'The bytes are not a settlement record: not DAG-CBOR, or a missing, extra or wrong field.',
  RECORD_NOT_CANONICAL: 'The record is not in strict DAG-CBOR; encode it with sorted keys, shortest integers and no floats.',
  RECORD_FLOAT: 'An amount in the record is not a whole number.',
  RECORD_OUT_OF_RANGE: 'An amount in the record does not fit a signed 64-bit integer.',
  RECORD_UNSORTED: 'The entries of the record are not sorted by asset and account.',
  RECORD_ACCOUNT_DUPLICATE: 'An account occurs twice for one asset in the record.',
  RECORD_NOT_ZERO_SUM: 'The entries of an asset do not sum to zero; nothing may be paid by this record.',
  RECORD_ROOT_MISMATCH: 'The state root is not that of the previous settled balances plus the entries.',
  RECORD_SEQ_MISMATCH: 'The record is not the next one of the log; bring the records in order.',
  RECORD_PREV_MISMATCH: 'The record does not link to the one before it.',
  RECORD_NETWORK_MISMATCH: 'The record belongs to another network.',
  CHECKPOINT_MALFORMED: 'The text is not a checkpoint note (C2SP tlog-checkpoint, signed-note).',
  POLICY_MALFORMED: 'The text is not a policy that this version reads (C2SP tlog-policy: witnesses, one group, quorum).',
  PROOF_MALFORMED: 'The text is not an inclusion proof (C2SP tlog-proof).',
  PROOF_INVALID: 'The proof does not lead from the record to the root of the checkpoint.',
  COSIGN_ORIGIN_WRONG: 'The checkpoint is of another log than the one of this network.',
  COSIGN_SETTLEMENT_UNKNOWN: 'The validator has not executed that settlement yet; ask again later.',
  COSIGN_ROOT_WRONG: 'The root is not the one that the validator computed from its own ledger.',
  COSIGN_PROOF_INVALID: 'The consistency proof does not lead from the old size to the new one.',
  COSIGN_STALE: 'The validator cosigned a larger log before and has no signature for this size.',
  COSIGN_FORK: 'The checkpoint contradicts one that the validator cosigned before; two logs exist, keep both as evidence.',
  COSIGNER_UNKNOWN: 'A signature line is of a key that the policy does not name.',
  COSIGNER_REPEATED: 'One cosigner signed twice; each counts once and a bundle carries one line of each.',
  COSIGNATURE_INVALID: 'The signature of a cosigner does not verify.',
  QUORUM_SHORT: 'Fewer cosigners than the policy demands signed the checkpoint.',
  POLICY_NOT_TRUSTED: 'The bundle rests on another policy than the one you trust.',
  CID_MALFORMED: 'The text is not a CID of this store: version 1, raw or dag-cbor, sha2-256.',
  BLOCK_CORRUPT: 'The bytes do not hash to their CID; fetch the block from another copy.',
  BLOCK_MISSING: 'The block is not in this store.',
  BUNDLE_UNREADABLE: 'The bundle folder cannot be read; check the path.',
  BUNDLE_INCOMPLETE: 'A file of the bundle is missing or one too many is there.',
  BUNDLE_MALFORMED: 'The CAR file is not the deterministic CARv1 of its own manifest.',
  BUNDLE_MISMATCH: 'A file beside the CAR differs from the block that the CAR holds for it.',
  SETTLEMENT_UNKNOWN: 'This node has not executed that settlement yet.',
  SETTLEMENT_REFUSED: 'The ledger closed a settlement that breaks the rules of the record; stop and look at it.',
  ARCHIVE_WRITE_FAILED: 'The bundle could not be written; check the disk.',
  // consensus
  CONSENSUS_MALFORMED: 'The bytes are not a consensus message of this version; check the encoder.',
  BLOCK_MALFORMED: 'The bytes are not a block or header of this version.',
  VALIDATOR_UNKNOWN: 'The index names no validator of the set at this height.',
  EPOCH_MISMATCH: 'The message is for another epoch than that of its height.',
  ROUND_TOO_FAR: 'The round lies too far ahead to be kept; the sender repeats it.',
  PROPOSER_MISMATCH: 'Another validator is the proposer of this round.',
  PROPOSALS_FULL: 'The round holds as many proposals as it may, and no certificate names this one.',
  CERTIFICATE_INVALID: 'The votes do not prove the statement: too little power, a repeated voter, or votes on something else.',
  BLOCK_INVALID: 'The block breaks a rule of its height: link, time, roots, validator set, beacon or transactions.',
  RANGE_INVALID: 'The range of blocks is not linked and certified; ask another validator.',
  CONFLICTING_COMMITS: 'Two commit certificates exist for one height: more than a third of the power is Byzantine. Stopped; keep the evidence.',
  STATE_ROOT_MISMATCH: 'The state after a final block differs from the one that a quorum signed. Stopped; sync this node anew.',
  SIGNER_CONFLICT: 'The signer was asked for a statement that conflicts with an earlier one. Stopped; is this key in use twice?',
  LOG_CORRUPT: 'A record before the end of the log fails its checksum. Stopped; sync this node anew.',
} as const satisfies Record<string, string>;

/** One of the codes above. */
export type Code = keyof typeof CODES;

/** A refusal of outside input: returned, never thrown across a layer. */
export type Refusal = { readonly ok: false; readonly code: Code; readonly detail?: string };

/** Success with a value, or a refusal. */
export type Result<T> = { readonly ok: true; readonly value: T } | Refusal;

/** Make a refusal. */
export const refuse = (code: Code, detail?: string): Refusal =>
  detail === undefined ? { ok: false, code } : { ok: false, code, detail };

/** Make a success. */
export const accept = <T>(value: T): Result<T> => ({ ok: true, value });
