// Every limit of the system, each with its reason; at a limit the system refuses with a code.

/** Largest message that a node sends or accepts, bytes: the broker's own `max_payload`. */
export const MAX_MESSAGE_BYTES = 1_048_576;
/** Largest body of one item in an envelope, bytes: leaves room for the envelope inside a message. */
export const MAX_ITEM_BODY_BYTES = 524_288;
/** Lists and maps inside each other in one message: the deepest schema has six; a bomb of 0x91 bytes must not recurse. */
export const MAX_MESSAGE_DEPTH = 16;
/** Items in one envelope: a bundle is signed once, and a receiver must be able to refuse it cheaply. */
export const MAX_ENVELOPE_ITEMS = 1_024;
/** Length of an item's kind, characters: the longest kind in use is half of it. */
export const MAX_KIND_CHARS = 48;
/** Time that a message may claim to stay valid, ms: longer than any outage that the outbox retries through in one go. */
export const MAX_EXPIRY_AHEAD_MS = 600_000;
/** How far a peer's clock may run ahead of ours, ms: NTP keeps machines within tens of ms; a second is generous. */
export const MAX_CLOCK_DRIFT_MS = 1_000;
/** Length of a W3C traceparent, characters (Trace Context §3.2). */
export const TRACEPARENT_CHARS = 55;

/** Largest signed transaction, bytes: a full batch of draws fits, and a block holds several. */
export const MAX_TX_BYTES = 131_072;
/** Largest range of final blocks that one answer of a sync server comes to, bytes: it is put together from several messages. */
export const MAX_RANGE_BYTES = 4_194_304;
/** Largest block body, bytes: with header and certificate it still makes a range. */
export const MAX_BLOCK_BYTES = MAX_RANGE_BYTES - 65_536;
/** Body that a proposer fills, bytes: see ADR 20 for what larger ones cost. */
export const BLOCK_TARGET_BYTES = 524_288;
/** Largest part of a body, bytes: four make a message, and a lost one is soon there again. */
export const BLOCK_PART_BYTES = 262_144;
/** Parts of one body: its list of hashes goes with each of them. */
export const MAX_BLOCK_PARTS = Math.ceil(MAX_BLOCK_BYTES / BLOCK_PART_BYTES);
/** Bodies of which parts are gathered and that no certificate names: a leader that withholds parts cannot fill the memory. */
export const MAX_OPEN_BODIES = 8;
/** Bodies of other rounds than the own that no certificate names, bytes: a late decision of such a round is rare, and its block can be asked for. */
export const MAX_SPARE_BODY_BYTES = 16_777_216;
/** Transactions in one block: bounds the verification time of a proposal. */
export const MAX_BLOCK_TXS = 2_048;
/** Transactions that a validator holds for later blocks: about five seconds of full load. */
export const MAX_MEMPOOL_TXS = 16_384;
/** Transactions of one account that a validator holds: one client cannot fill the pool. */
export const MAX_MEMPOOL_TXS_PER_ACCOUNT = 256;
/** Heights a transaction may stay valid: replays end, and outboxes sign again. */
export const MAX_TX_EXPIRY_HEIGHTS = 100_000;
/** Changes of the validator set that one file or bundle tells of, bytes: some 2,400 of sets of four, 130 of the largest set. */
export const MAX_HANDOVERS_BYTES = 4_194_304;
/** Validators in a set: 16-bit indices, and certificates stay below 10 KiB. */
export const MAX_VALIDATORS = 100;
/** Seats of a set, the power of all its validators together: each is a share of the beacon, and one is recovered in 20 ms from 86. */
export const MAX_SET_POWER = 128;
/** Seats of one validator: the dealing that hands them on fits into a transaction in the largest set. */
export const MAX_VALIDATOR_POWER = 10;
/** Validators that wait for a place in the set: the ledger looks through them at each boundary of epochs. */
export const MAX_CANDIDATES = 1_024;
/** One dealing of a key generation, bytes: a transaction carries it whole. */
export const MAX_DEALING_BYTES = 126_976;
/** Shares that a dealer reveals in answer to one complaint: each of its polynomials at each seat of the receiver, in one transaction. */
export const MAX_REVEALED_SHARES = 2_048;
/** Evidence is taken for so many heights and for so long, block time in ms, whichever ends later: an offence is found at once or never. */
export const MAX_EVIDENCE_AGE_HEIGHTS = 100_000;
export const MAX_EVIDENCE_AGE_MS = 48 * 3_600_000;

/** Draws, or results of all kinds together, in one transaction. */
export const MAX_BATCH_ITEMS = 256;
/** Heartbeats in one availability transaction: each costs a signature check. */
export const MAX_HEARTBEATS_PER_TX = 512;
/** Units of one job: a unit is the smallest checkable piece, and each is a row. */
export const MAX_JOB_UNITS = 100_000;
/** Attempts at one unit before it is parked and the client told (work rules). */
export const MAX_ATTEMPTS = 6;
/** Suspects that one reveal may name: a real search has none; a liar cannot flood the exact check. */
export const MAX_SUSPECTS = 16;
/** Sub-units audited in one unit: the new worker's share (work rules, 8) with room for canaries. */
export const MAX_AUDIT_SUB_UNITS = 16;
/** Largest amount, minor units: sums of 2^16 such amounts still fit 80 bits, far from any overflow of a 64-bit record. */
export const MAX_AMOUNT = 2n ** 62n;
/** Characters of a row's key: an asset and an account take 80; a proof of the state has a step for each bit at most. */
export const MAX_ROW_KEY_LENGTH = 200;
/** Entries of one settlement record: one block of at most 1 MiB in DAG-CBOR. */
export const MAX_SETTLEMENT_ENTRIES = 8_192;

/** Memory of a kernel in the sandbox, 64 KiB pages: what the Collatz kernel's tables and leaves take at its largest unit. */
export const SANDBOX_MEMORY_PAGES = 256;
/** JavaScript heap of a sandbox process, MiB: it only passes messages. */
export const SANDBOX_HEAP_MIB = 32;
/** Niceness of a sandbox process: validators on the same machine keep their latency. */
export const SANDBOX_NICENESS = 10;
/** Longest time for one sub-unit, ms: the largest takes 0.2 s alone on a core, so this allows a machine 300 times as busy. */
export const SANDBOX_SILENCE_MS = 60_000;
/** Requests that wait for a sandbox process: above it the caller has more work than it can do before deadlines. */
export const MAX_SANDBOX_QUEUE = 64;
/** Runs of one request, the first included: a crash may be the machine's fault once, not twice. */
export const MAX_SANDBOX_RUNS = 2;

/** Largest module that a task may bring, bytes: fits the object store’s chunks and compiles in well under a second. */
export const MAX_MODULE_BYTES = 1_048_576;
/** Functions of a module, imported ones included: a large C program has 2,000; the call graph of so many takes milliseconds. */
export const MAX_MODULE_FUNCTIONS = 5_000;
/** Types of a module: one of its own for each function. */
export const MAX_MODULE_TYPES = MAX_MODULE_FUNCTIONS;
/** Globals, and exports, of a module: compilers make a handful, and the host looks through them. */
export const MAX_MODULE_GLOBALS = 1_000;
export const MAX_MODULE_EXPORTS = 1_000;
/** Segments of data, and of functions for the table: a compiler makes one for each constant at most. */
export const MAX_MODULE_SEGMENTS = 10_000;
/** Body of one function, bytes: an optimising compiler takes more than linear time over one function. */
export const MAX_MODULE_BODY_BYTES = 65_536;
/** Parameters and locals of one function: they lie on the stack, and each call sets them to zero. */
export const MAX_MODULE_LOCALS = 1_000;
/** Blocks inside each other in one function: engines may recurse over them, and compilers stay below 300. */
export const MAX_MODULE_NESTING = 1_000;
/** Elements of the table: one for each function that is called by pointer. */
export const MAX_MODULE_TABLE = 4_096;
/** Memory of a module, 64 KiB pages, hence 64 MiB: ten thousand workers have that, and it is set aside for each run. */
export const MAX_MODULE_MEMORY_PAGES = 1_024;
/** Stack for recursion, slots of 8 bytes: with the chain below, frames stay within the 984 KiB that Node gives to a stack. */
export const MODULE_STACK_SLOTS = 65_536;
/** Stack of the longest chain of calls without recursion, slots of 8 bytes: the rest of what Node gives, less what the host needs. */
export const MAX_MODULE_CHAIN_SLOTS = 32_768;

/** Cosigners of one checkpoint: the validators; a note of so many lines stays below 20 KiB. */
export const MAX_COSIGNERS = MAX_VALIDATORS;
/** Hashes of one consistency or inclusion proof: a tree of 2^63 leaves has no longer one (tlog-witness). */
export const MAX_CONSISTENCY_HASHES = 63;
/** Largest block that the content store takes, bytes: what IPFS peers accept without complaint. */
export const MAX_ARCHIVE_BLOCK_BYTES = 1_048_576;
/** Blocks that one CAR answer of the gateway walks through: bounds the memory of one request. */
export const MAX_CAR_BLOCKS = 10_000;
/** Largest CAR answer of the gateway, bytes: it is built in memory. */
export const MAX_CAR_BYTES = 67_108_864;

/** Blocks in one answer of a sync server: bounds the verification of one answer; bytes are bounded by the message. */
export const MAX_SYNC_BLOCKS = 64;
/** Ranges that a node which lags has under way, or holds before their turn: full messages, so 8 MiB at most; more peers bring no more speed. */
export const MAX_SYNC_RANGES = 8;
/** Heights between two snapshots of the ledger, which is taken at the first checkpoint from there on: less than a node must lack to want one. */
export const SNAPSHOT_HEIGHTS = 256;
/** Missing heights above which a node that starts takes a snapshot: as many blocks are synced in about a second and a half. */
export const MIN_STATE_SYNC_HEIGHTS = 500;
/** Snapshots that a validator keeps: who fetches the older one has the time in which two are made. */
export const KEPT_SNAPSHOTS = 2;
/** Snapshots in one answer: a validator keeps two, and two more while somebody fetches them. */
export const MAX_SNAPSHOTS_TOLD = 8;
/** Rows of a chunk, bytes: a message, less the sides of the deepest tree (109 kB), with room. A larger row can be in no snapshot. */
export const MAX_CHUNK_ROWS_BYTES = 900_000;
/** Rows of one chunk: the shortest that the ledger has take 20 bytes. */
export const MAX_CHUNK_ROWS = 65_536;
/** Chunks of one snapshot, hence a ledger of 3.6 GB: the list of their first keys fits a message. */
export const MAX_SNAPSHOT_CHUNKS = 4_096;
/** Chunks that a node fetches at once, each from another validator: 4 MiB held. */
export const MAX_CHUNKS_UNDER_WAY = 4;
/** Time that a snapshot somebody asked for is kept beyond its turn, ms: the next request comes within seconds. */
export const SNAPSHOT_LEASE_MS = 60_000;
/** Pause before validators are asked again for what none of them gave, ms. */
export const STATE_SYNC_RETRY_MS = 1_000;
/** Times that they are asked before the node ends: whoever runs it should look, and the next start goes on. */
export const MAX_STATE_SYNC_TRIES = 60;
/** Share of its time that a validator works on a snapshot, one in so many: a large ledger must not slow down its votes. */
export const SNAPSHOT_REST_FACTOR = 64;
/** Peers whose claimed heights a validator keeps: members of two sets that have nobody in common, with room. */
export const MAX_SOURCES = 256;
/** Range requests that wait at a sync server: an asker left out asks another one. */
export const MAX_SYNC_REQUESTS = 8;
/** Readers that wait at a gateway for a height: as many as clients that read at the same time, a few hundred bytes each. */
export const MAX_HEIGHT_WAITERS = 1_024;
/** How long a gateway lets a reader wait for a height, ms: several blocks, and less than a client waits for an answer. */
export const MAX_HEIGHT_WAIT_MS = 5_000;
/** Headers that a gateway asks validators for at a time: less than a sync server lets wait, so that nodes which lag are served too. */
export const MAX_HEADER_REQUESTS = 4;
/** Time to wait for an answer of a sync server, ms: a full message from a disk takes tens. */
export const SYNC_TIMEOUT_MS = 2_000;
/** Rounds ahead of the own for which votes and proposals are kept; later ones only move a lagging node on (paper's line 55). */
export const MAX_FUTURE_ROUNDS = 16;
/** Votes of one validator beyond those rounds that are written down while the own round lasts: honest ones need a few, a liar could fill the log. */
export const MAX_ROUND_NOTES = 64;
/** Rounds behind the own for which votes are kept; a decision of an older round arrives as a certificate. */
export const MAX_PAST_ROUNDS = 64;
/** Proposals kept of one round and not named by a certificate: an equivocating leader cannot fill the memory. */
export const MAX_ROUND_PROPOSALS = 4;
/** Rounds behind the own whose proposals are kept: a decision of one of them needs its body. */
export const MAX_PAST_PROPOSAL_ROUNDS = 8;
/** Last round of the next height whose proposals are kept: that of its first leader, and of the one after. */
export const MAX_EARLY_ROUND = 1;
/** Proposals kept for the next height, for each validator: an honest one makes one, and each may be a whole message. */
export const MAX_EARLY_PROPOSALS = 2;
/** Messages kept for the next height, for each validator: two rounds of votes, with room. */
export const MAX_EARLY_MESSAGES = 8;
/** Decided heights whose certificates and votes are kept, on the disk too, to recognise a conflicting certificate and name its makers. */
export const MAX_RECENT_HEIGHTS = 64;
/** Votes kept of a decided height beside its certificate, and told in an evidence file: five rounds of the largest set, a fifth of a MB. */
export const MAX_CONFLICT_VOTES = 1_024;
/** Size of an evidence file: those votes and two certificates of the largest set, in hex, come to 310 KiB; then the handovers, in hex. */
export const MAX_EVIDENCE_FILE_BYTES = 512 * 1024 + 2 * MAX_HANDOVERS_BYTES;

/** Parsed public keys that a process keeps: every worker of a large network, at about 1 KiB each. */
export const MAX_CACHED_PUBLIC_KEYS = 16_384;

/** Events in one turn of a host: enough to share one sync and one signature, few enough that a turn stays below about 50 ms. */
export const MAX_TURN_EVENTS = 2_048;
/** Events in one turn while the outbox is full: the node goes on, slowly, so that it can still hear acknowledgements. */
export const MIN_TURN_EVENTS = 64;
/** Messages that wait for a turn, bytes: above it a host answers busy and the sender repeats later. */
export const MAX_INGRESS_BYTES = 16_777_216;
/** Unacknowledged outbox rows of a node at which its turns have shrunk to the least: what one restart reads back in seconds. */
export const MAX_OUTBOX_ROWS = 65_536;
/** Unacknowledged messages between two actors that are on their way at once; the rest waits on disk. */
export const MAX_CHANNEL_IN_FLIGHT = 8_192;
/** Bodies in one outbox row or envelope, bytes: leaves room for the envelope inside a message. */
export const MAX_BUNDLE_BYTES = 524_288;
/** Actors whose state a host keeps in memory; others are read back on their next event. */
export const MAX_RESIDENT_ACTORS = 1_024;
/** Events that one actor's quarantine holds; later ones are counted and dropped, since a disk is not for hostages. */
export const MAX_QUARANTINE_ROWS = 256;
/** Failed events of one actor within `ACTOR_FAULT_WINDOW_MS` before it is stopped: a bug, no bad luck. */
export const MAX_ACTOR_FAULTS = 8;
export const ACTOR_FAULT_WINDOW_MS = 60_000;
/** Requests of one port under way at once; the sandbox's own queue is as long. */
export const MAX_IO_AT_ONCE = 64;
/** Peers whose refusals a host counts one by one; the rest shares one count. */
export const MAX_REFUSAL_PEERS = 1_024;
/** Longest wait of an acknowledgement for a message to ride on, ms; and how many messages make it leave at once. */
export const ACK_DELAY_MS = 20;
export const ACK_EVERY_MESSAGES = 1_024;
/** First and longest pause before unacknowledged messages or transactions are repeated, ms. */
export const RETRY_MIN_MS = 500;
export const RETRY_MAX_MS = 30_000;
/** Validity of an envelope that a host signs, ms: half of what receivers allow, so clocks may differ; repeats are signed anew. */
export const ENVELOPE_EXPIRY_MS = 300_000;
/** Heights for which a host signs a transaction; it signs it again when they have passed. */
export const SUBMIT_EXPIRY_HEIGHTS = 1_000;
/** Blocks without a write after which a host notes its height: bounds what is replayed after a crash. */
export const HEIGHT_ROW_EVERY = 64;
/** Time in which a host stops, ms. */
export const DRAIN_MS = 2_000;

/** Jobs under way at once: the ledger looks through them at each block. */
export const MAX_OPEN_JOBS = 1_024;
/** Suspects kept with one job: each is an event; a search that finds so many has a broken kernel. */
export const MAX_JOB_SUSPECTS = 256;
/** Units released to the lottery in one block: bounds the block's execution. */
export const MAX_RELEASES_PER_BLOCK = 1_024;
/** Units whose auditors are named at the start of one block: as many as come in with one; the rest wait for the next. */
export const MAX_AUDITS_PER_BLOCK = MAX_RELEASES_PER_BLOCK;
/** Deadlines handled at the start of one block; the rest follow in the next. */
export const MAX_DEADLINES_PER_BLOCK = 1_024;
/** Heights whose beacon and registry stay on the ledger after their draws, so that anyone can repeat them. */
export const MAX_DRAW_HISTORY_HEIGHTS = 10_000;
/** Pool members that this history may hold in all: 64 bytes each. */
export const MAX_DRAW_HISTORY_MEMBERS = 100_000;
/** Heights after which a settlement closes although no job has finished: nobody waits for pay for ever. */
export const MAX_SETTLEMENT_HEIGHTS = 1_000;
/** Heights between two settlements that close since jobs have finished: each is sealed, cosigned and archived, which costs more than a block. */
export const MIN_SETTLEMENT_HEIGHTS = 16;

/** Envelopes of one sender to one receiver that the broker keeps while the receiver is away: the newest; a sender repeats what fell out. */
export const MAX_MAILBOX_PER_SENDER = 64;
/** Bytes of one stream: several seconds of full load; beyond that senders are told to wait. */
export const MAX_STREAM_BYTES = 268_435_456;
/** Memory that the broker gives to streams, bytes: the two in memory at their limit. */
export const MAX_BROKER_MEMORY_BYTES = 2 * MAX_STREAM_BYTES;
/** Disk that the broker gives to streams, bytes: the mailboxes at their limit, and room to compact. */
export const MAX_BROKER_FILE_BYTES = 4 * MAX_STREAM_BYTES;
/** What one run adds to the broker’s log file, bytes: whoever makes it refuse a lot must not fill the disk. */
export const MAX_BROKER_LOG_BYTES = 67_108_864;
/** Connections to one broker: 10,000 workers with room for the rest and for browsers (60 KiB each, see ADR 0006). */
export const MAX_BROKER_CONNECTIONS = 16_384;
/** Messages that arrive while a mailbox is being read back, and wait for it: beyond that they are dropped and their senders repeat them. */
export const MAX_CATCH_UP_HELD = 4_096;
/** Units whose results a node keeps until their audit, 24 KiB each at most: those of some ten blocks; what was forgotten is computed again. */
export const MAX_KEPT_UNITS = 1_024;
/** How often a worker says that it is there, ms (work rules, Availability). */
export const HEARTBEAT_INTERVAL_MS = 10_000;
/** Heartbeats older (or newer) than this are worth nothing, ms: three misses count as away. */
export const MAX_HEARTBEAT_AGE_MS = 30_000;
/** Possible draws that a shuffler looks at in one go: four transactions' worth; the rest follows with the next block. */
export const MAX_PENDING_DRAWS = 1_024;

/**
 * Block time between checkpoints of the state, ms: a unit's rows change in most blocks of its second of life, and are encoded,
 * hashed and stored once or twice. A wrong state is noticed, and a row can be proven, that much later.
 */
export const STATE_CHECKPOINT_MS = 1_000;
/** Heights between checkpoints: the header after one names its root, and until the next one rows are proven under this header. */
export const MIN_CHECKPOINT_HEIGHTS = 2;

/** How often the gateway tells its view while something changes, ms: four times a second looks alive and costs a browser nothing. */
export const FEED_INTERVAL_MS = 250;
/** How often it tells an unchanged view, ms: a page calls data old after three seconds. */
export const FEED_IDLE_MS = 2_000;
/** Blocks whose finality and pace the gateway remembers: half a minute at full load. */
export const MAX_WATCHED_BLOCKS = 512;
/** Least time between two checked messages of one validator, ms: a page calls it silent after many seconds, and certificates tell most. */
export const MIN_HEARD_INTERVAL_MS = 1_000;
/** Events of the ledger that a gateway keeps for the stories of units, about 250 bytes each: those of some 4,000 units; the oldest blocks go first. */
export const MAX_KEPT_EVENTS = 32_768;
/** Accounts that a gateway tells of one block: a signature each, so some ten ms at most; the others see the gap, and ask the API. */
export const MAX_TOLD_ACCOUNTS = 256;
/** Accounts of which a gateway remembers when it last had news; the one that rested longest goes first, and then takes a gap for certain. */
export const MAX_KEPT_TOLD_HEIGHTS = 16_384;
/** Length of a code in a message, characters: the longest in use is half of it. */
export const MAX_CODE_CHARS = 64;
/** Units in one answer of the API: the rest by `first`. */
export const MAX_API_UNITS = 1_000;
/** Transactions whose outcome a gateway remembers, and as many that still wait for theirs: what validators hold at most. */
export const MAX_KEPT_OUTCOMES = 16_384;
/** Refused accounts and codes that a gateway counts one by one; the least recent goes first. */
export const MAX_KEPT_REFUSALS = 512;
/** Pairs of conflicting statements that wait to be reported: one pair is enough to punish, and each costs a transaction. */
export const MAX_KEPT_EVIDENCE = 64;
