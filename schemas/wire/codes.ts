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
  // broker and bus
  BROKER_NOT_FOUND: 'No nats-server was found; run npm run setup, or name one in SORTITION_NATS_SERVER.',
  BROKER_START_FAILED: 'The nats-server ended before it was ready; its last lines say why.',
  BROKER_RELOAD_FAILED: 'The nats-server did not take its new users; it goes on with those it had.',
  BUS_BUSY: 'The stream holds as much as it may; wait, then publish again.',
  BUS_UNAVAILABLE: 'The broker did not confirm the message: it is away, or the stream is missing; publish again later.',
  BUS_NO_ANSWER: 'Nobody answered the request in time.',
  BUS_NOT_AUTHORISED: 'The broker does not know this key, or this key may not use that subject.',
  PROTOCOL_INVALID: 'The connection does not speak the NATS protocol; the broker closed it.',
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
  TX_KNOWN: 'The validator holds that transaction already; nothing to do.',
  TX_NONCE_TAKEN: 'Another transaction of the account waits with the same nonce; offer a higher fee to replace it.',
  STAKE_LOCKED: 'The stake secures a validator or work that is under way; move it when the work is settled.',
  NODE_EXISTS: 'The node is registered already.',
  OPERATOR_SIGNATURE_INVALID: 'The operator has not signed this node; sign the node id with the key of the operator.',
  HEARTBEAT_INVALID: 'The heartbeat is not signed by a registered worker; check the key and the chain id.',
  HEARTBEAT_STALE: 'The heartbeat is no newer than the last one, or too old; send a fresh one.',
  HEARTBEAT_AHEAD: 'The heartbeat lies in the future; check the clock of the worker.',
  JOB_EXISTS: 'The account submitted a job with this key before; use another key for another job.',
  JOB_RANGE_INVALID: 'The kernel cannot take this range: start, unit size or end is out of its bounds.',
  JOB_REWARD_LOW: 'The reward of a unit is too low to be shared; offer at least 10 minor units.',
  JOBS_FULL: 'The ledger holds as many open jobs as it may; submit again when one has finished.',
  UNIT_UNKNOWN: 'No such unit is under way.',
  DRAW_TOO_EARLY: 'The beacon that decides this draw is not on the ledger yet; draw again after the next block.',
  DRAW_FALSE: 'The drawn nodes are not those that the beacon names; recompute the draw.',
  DRAW_DONE: 'This draw is on the ledger already; nothing to do.',
  NOT_DRAWN: 'This account was not drawn for that unit and attempt.',
  ATTEMPT_OVER: 'That attempt has ended or its deadline passed; the unit is drawn again.',
  COMMIT_DONE: 'The attempt has its commitment; it cannot be changed.',
  REVEAL_WITHOUT_COMMIT: 'Nothing was committed for that attempt; commit first.',
  REVEAL_EARLY: 'The commitment is not final yet; reveal in a later block.',
  REVEAL_MISMATCH: 'The result is not the one that was committed to.',
  REVEAL_DONE: 'The result was revealed before; nothing to do.',
  SUSPECT_OUT_OF_RANGE: 'A suspect does not lie in the range of the unit.',
  AUDIT_NOT_OPEN: 'No audit of that attempt is under way.',
  OPENING_DONE: 'The sub-units were opened before; nothing to do.',
  OPENING_INVALID: 'The opened sub-units are not the audited ones, or a proof does not lead to the revealed root.',
  REPORT_DONE: 'This auditor has reported before; nothing to do.',
  DISPUTE_UNKNOWN: 'No dispute about that sub-unit is open.',
  DISPUTE_OVER: 'A quorum of other validators decided before; nothing to do.',
  ADJUDICATION_DONE: 'This validator has spoken on that sub-unit before.',
  EVIDENCE_INVALID: 'The two statements do not show that a validator contradicted itself.',
  EVIDENCE_DONE: 'The offence was punished before; nothing to do.',
  ARCHIVED_DONE: 'The place of that settlement is on the ledger already.',
  ARCHIVED_FALSE: 'The CID is not that of the settlement’s record; recompute it, and state settlements in their order.',
  // host and store
  STORE_OPEN_FAILED: 'The database cannot be opened; another process may have it, or the folder cannot be written.',
  STORE_READ_FAILED: 'The database cannot be read; check the disk.',
  STORE_WRITE_FAILED:
    'The database cannot be written; check for a full or broken disk. The node stops, nothing is lost.',
  SNAPSHOT_MALFORMED:
    'The stored state of an actor is not what its schema says; it was written by another release or the disk is broken.',
  SNAPSHOT_VERSION_UNKNOWN: 'The stored state of an actor has a version that this release cannot read; upgrade it.',
  ACTOR_STOPPED: 'The actor failed too often and was stopped; look at its quarantine, then resume it.',
  HOST_BUSY: 'The node has more messages than it may hold; the sender repeats them later.',
  HOST_DRAINING: 'The node is stopping; ask again when it is back.',
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
  RECORD_NOT_CANONICAL:
    'The record is not in strict DAG-CBOR; encode it with sorted keys, shortest integers and no floats.',
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
  POLICY_MALFORMED:
    'The text is not a policy that this version reads (C2SP tlog-policy: witnesses, one group, quorum).',
  PROOF_MALFORMED: 'The text is not an inclusion proof (C2SP tlog-proof).',
  PROOF_INVALID: 'The proof does not lead from the record to the root of the checkpoint.',
  COSIGN_ORIGIN_WRONG: 'The checkpoint is of another log than the one of this network.',
  COSIGN_SETTLEMENT_UNKNOWN: 'The validator has not executed that settlement yet; ask again later.',
  COSIGN_ROOT_WRONG: 'The root is not the one that the validator computed from its own ledger.',
  COSIGN_PROOF_INVALID: 'The consistency proof does not lead from the old size to the new one.',
  COSIGN_STALE: 'The validator cosigned a larger log before and has no signature for this size.',
  COSIGN_FORK:
    'The checkpoint contradicts one that the validator cosigned before; two logs exist, keep both as evidence.',
  COSIGNER_UNKNOWN: 'A signature line is of a key that the policy does not name.',
  COSIGNER_REPEATED: 'One cosigner signed twice; each counts once and a bundle carries one line of each.',
  COSIGNATURE_INVALID: 'The signature of a cosigner does not verify.',
  QUORUM_SHORT: 'Fewer cosigners than the policy demands signed the checkpoint.',
  POLICY_UNREADABLE: 'The policy file cannot be read; check the path.',
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
  CERTIFICATE_INVALID:
    'The votes do not prove the statement: too little power, a repeated voter, or votes on something else.',
  POSITION_STALE: 'The answer is to another question than the one asked: somebody repeats an old one.',
  DEALING_MALFORMED: 'The dealing is not as long as its plan says, or a commitment is no point of the curve.',
  DEALING_SHARE_MISMATCH: 'The dealing hands on another share than the one that its dealer holds; deal anew.',
  BEACON_SHARE_INVALID: 'The share of the beacon does not match the public share of its validator.',
  PART_INVALID:
    'The part is not one of the body that its header commits to; its sender is not asked for this body again.',
  BLOCK_INVALID: 'The block breaks a rule of its height: link, time, roots, validator set, beacon or transactions.',
  RANGE_INVALID: 'The range of blocks is not linked and certified; ask another validator.',
  CONFLICTING_COMMITS:
    'Two commit certificates exist for one height: more than a third of the power is Byzantine. Stopped; keep the evidence.',
  EVIDENCE_FILE_UNREADABLE: 'The evidence file cannot be read; check the path.',
  EVIDENCE_FILE_MALFORMED: 'The file is not an evidence file of this version; get it again from whoever made it.',
  EVIDENCE_FILE_FALSE:
    'The file proves no fork of this network: its certificates do not hold, or do not contradict each other. It accuses nobody.',
  STATE_ROOT_MISMATCH:
    'The state after a final block differs from the one that a quorum signed. Stopped; sync this node anew.',
  SIGNER_CONFLICT:
    'The signer was asked for a statement that conflicts with an earlier one. Stopped; is this key in use twice?',
  KEY_IN_USE_TWICE:
    'Another process signs with the key of this validator. Stopped; find the other one, and let only one of them run.',
  VALIDATOR_FAILED: 'A turn of the validator ended in an error. Stopped, so that it starts again from what is on disk.',
  LOG_CORRUPT: 'A record before the end of the log fails its checksum. Stopped; sync this node anew.',
  // network
  GENESIS_MISSING: 'There is no genesis file there; name the network folder or file with --data or --genesis.',
  GENESIS_MALFORMED: 'The genesis file is not valid; get it again from whoever runs the network.',
  NETWORK_NOT_RUNNING: 'No running network was found; start one with `npm start`, or name its console with --gateway.',
  NETWORK_RUNS_ALREADY: 'A network runs in this folder already; use it, stop it, or choose another folder with --data.',
  NODE_START_FAILED: 'A node of the network did not start; its log in the logs folder says why.',
  NODE_DATA_FOREIGN: 'The data folder belongs to another network; use another folder, or start with --fresh.',
  SNAPSHOT_UNAVAILABLE:
    'The node began to take up a snapshot, and no validator gives the rest; start more validators, then this node again.',
  ACTOR_KIND_UNKNOWN: 'Actors are written kind:keyfile, with a kind that a node can host.',
  // gateway
  API_PATH_UNKNOWN: 'The gateway has nothing under that path; see docs/reference/http-api.md.',
  API_INPUT_INVALID: 'A part of the request is not what this path takes; see docs/reference/http-api.md.',
  API_HOST_REFUSED: 'The request names another host than this gateway; use the printed address.',
  API_FAILED: 'The gateway failed to answer; its log says why.',
  TX_UNKNOWN: 'This gateway has not met that transaction, or has forgotten it.',
  JOB_UNKNOWN: 'There is no such job on the ledger.',
  TOLD_LIMIT: 'A block moved too many accounts, or too much of one, to tell all of it; the account asks the API.',
  DRAW_UNKNOWN: 'The ledger holds no draw of that unit: it was not drawn yet, or too long ago.',
  DRAW_PROOF_PENDING: 'No certified state shows the draw yet: ask again, one comes within seconds.',
  DRAW_PROOF_INVALID: 'The proof does not lead from the genesis to the drawn nodes; do not trust who gave it.',
  ROW_PROOF_PENDING: 'No certified state is at hand to prove the row: ask again, one comes within seconds.',
  HEIGHT_NOT_REACHED: 'This gateway has not executed that height yet: ask again, or ask another one.',
  HEADER_UNKNOWN: 'There is no final block of that height yet; ask again later.',
  HEADER_NOT_HELD:
    'The validators that answered hold no block so low: they took up the ledger from a snapshot above it. Ask one that did not.',
  // light client
  LIGHT_ANSWER_INVALID: 'The answer is not what was asked for; do not trust who gave it, ask another gateway.',
  MEMBERSHIP_MALFORMED: 'The bytes are not those of a validator set with its keys; ask another node.',
  LIGHT_SET_CHANGED:
    'Other validators than those of the genesis decide that block; a light client cannot follow there yet.',
  LIGHT_BEHIND: 'The block is older than the one that you trust: the gateway lags; ask again, or ask another one.',
  LIGHT_FORK:
    'A certified block contradicts the trusted one: more than a third of the power is Byzantine, or the checkpoint is false. Keep both.',
  LIGHT_ROW_INVALID: 'The row does not stand under the state root of the certified header; do not trust who gave it.',
  ACCOUNT_KEY_INVALID: 'Write credit/ or stake/, then the id of an account, treasury, burned, or escrow: and a job.',
  LIGHT_CHECKPOINT_UNREADABLE: 'The file is not a checkpoint that `sortition light --save` wrote; check the path.',
  LIGHT_CHECKPOINT_FOREIGN: 'The checkpoint is of another chain than the genesis file; use those of one network.',
  BEACON_INVALID: 'The header carries no signature of the beacon of that height under the group key of the genesis.',
  KERNEL_UNKNOWN: 'Use collatz/v1 or noop/v1.',
  NUMBER_INVALID: 'Write decimal digits or a power like 2^71, or an id in hex as the command asks.',
  REPLAY_UNREADABLE:
    'The file of a schedule is missing or malformed; a failing campaign writes them into sim-failures/.',
  MUTATION_UNKNOWN: 'Name one of the planted bugs that the command lists.',
  BENCH_UNKNOWN: 'Use runtime, consensus, sync, work, store or start.',
  QUARANTINE_VERB_UNKNOWN:
    'Use list, inject, drop or resume; inject and drop take the number of a message from the list.',
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
