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
  // sandbox
  SANDBOX_UNIT_INVALID: 'The kernel cannot take this unit or sub-unit; check size, start and indices.',
  SANDBOX_KERNEL_MISMATCH: 'The kernel file is not the pinned one; restore it or build it again.',
  SANDBOX_CRASHED: 'The sandbox process ended during its work, twice; look for memory pressure on the machine.',
  SANDBOX_DEADLINE: 'The sandbox process took too long for one sub-unit and was killed; the machine may be overloaded.',
  SANDBOX_TRAPPED: 'The kernel stopped at an instruction that it must not reach; report the unit.',
  SANDBOX_ABORTED: 'The computation was given up by its caller.',
  SANDBOX_BUSY: 'Too many computations wait for a sandbox process; ask again later.',
  SANDBOX_CLOSED: 'The sandbox pool is closed.',
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
