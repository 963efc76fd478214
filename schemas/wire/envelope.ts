// The envelope: what every actor signs and every receiver checks before it reads on.
// Wire: signature 64 | MessagePack array [v, network, sender, expiry_ms, trace, [[kind, to, counter, body] …]].

/** One message to one actor. */
export type EnvelopeItem = {
  /** `<domain>.<name>.v<version>`: selects the schema of the body. */
  readonly kind: string;
  /** Receiver's id, hex. */
  readonly to: string;
  /**
   * Contiguous per (sender, receiver) within an epoch, the high 28 bits; a later epoch begins at its place 1 (runtime/host/counter.ts).
   * 0 for messages outside exactly-once delivery: acknowledgements and orders of operators.
   */
  readonly counter: number;
  /** MessagePack of the kind's schema. */
  readonly body: Uint8Array;
};
/** A bundle of messages under one signature: TAG.envelope | bytes (RFC 8032 Ed25519). */
export type Envelope = {
  readonly v: 1;
  /** Chain id: SHA-256 of the genesis, hex. */
  readonly network: string;
  readonly sender: string;
  readonly expiry_ms: number;
  /** W3C traceparent of what caused it, or ''. */
  readonly trace: string;
  readonly items: readonly EnvelopeItem[];
};
