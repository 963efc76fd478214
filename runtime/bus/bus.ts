// The bus port: what a node needs of NATS. JetStream and its in-memory twin implement it.

export type Delivery = {
  readonly subject: string;
  readonly data: Uint8Array;
  /** Answer to a request; undefined for plain messages and for all that a stream captures. */
  readonly respond?: (data: Uint8Array) => void;
};

export type Subscription = { close(): void };

/** One connection, authenticated as one actor. Nothing that arrives is trusted because the broker delivered it. */
export type Bus = {
  /** Lossy, microseconds (core NATS). */
  cast(subject: string, data: Uint8Array): void;
  /** The same, and whether anybody listened: who tells much need not make it for nobody. */
  tell(subject: string, data: Uint8Array): Promise<boolean>;
  /**
   * Captured by a stream; resolves on its acknowledgement, which promises nothing: a broker may forget what it confirmed.
   * @throws BusError BUS_BUSY (stream full) | BUS_UNAVAILABLE | BUS_NOT_AUTHORISED
   */
  publish(subject: string, data: Uint8Array): Promise<void>;
  /** Live messages on a subject pattern (core NATS). */
  subscribe(pattern: string, onMessage: (delivery: Delivery) => void): Subscription;
  /** One request, one answer. @throws BusError BUS_NO_ANSWER | BUS_NOT_AUTHORISED */
  request(subject: string, data: Uint8Array, timeout_ms: number): Promise<Uint8Array>;
  /** Mailbox messages for these receivers, old ones that the stream still holds first; order per sender is kept, repeats are possible. */
  mailbox(receivers: readonly string[], onMessage: (delivery: Delivery) => void): Subscription;
  /** What a stream still holds of this pattern, oldest first, up to now; resolves when all was delivered. @throws BusError BUS_UNAVAILABLE */
  history(pattern: string, onMessage: (delivery: Delivery) => void): Promise<void>;
  /**
   * Called soon after registration, on each reconnect, and when a stream comes back that was gone or that forgot what it
   * had confirmed: callers repeat what may have been lost.
   */
  onConnect(listener: () => void): void;
  close(): Promise<void>;
};
