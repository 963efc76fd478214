// The bus over a NATS server: one connection, authenticated as one actor.
import type { Msg } from '@nats-io/transport-node';
import { subject as subjects } from '#schemas/wire/subjects.ts';
import type { Bus, Delivery, Subscription } from './bus.ts';
import { BusError } from './bus-error.ts';
import { type Connection, type ConnectionOptions, openConnection } from './connection.ts';
import { readHistory } from './history.ts';
import { Mailbox } from './mailbox.ts';
import { busErrorOf, isUnheard } from './nats-failure.ts';
import { Ack, PublishLog } from './publish-log.ts';
import { streamOf } from './streams.ts';

/** How long a publish waits for the stream's word, ms: a healthy broker answers within one; a new leader takes seconds. */
const ACK_TIMEOUT_MS = 2_000;

/** How long the broker may take to say that nobody listens, ms: it does so at once, and says nothing otherwise. */
const UNHEARD_TIMEOUT_MS = 1_000;

/** @throws BusError BUS_NOT_AUTHORISED (unknown key) | BUS_UNAVAILABLE (no broker for ten seconds) */
export async function connectBus(options: ConnectionOptions): Promise<Bus> {
  return new JetStreamBus(await openConnection(options), options);
}

class JetStreamBus implements Bus {
  readonly #connection: Connection;
  readonly #id: string;
  readonly #listeners: (() => void)[] = [];
  #lastReading: Promise<void> = Promise.resolve();
  readonly #published = new PublishLog(() => this.#announce());

  constructor(connection: Connection, options: ConnectionOptions) {
    this.#connection = connection;
    this.#id = options.signer.id;
    connection.onReconnect(() => this.#announce());
  }

  cast(subject: string, data: Uint8Array): void {
    if (this.#connection.isConnected()) this.#connection.nats.publish(subject, data);
  }

  async tell(subject: string, data: Uint8Array): Promise<boolean> {
    if (!this.#connection.isConnected()) return false;
    const asked = this.#connection.nats.request(subject, data, { timeout: UNHEARD_TIMEOUT_MS });
    return asked.then(
      () => true,
      (error: unknown) => !isUnheard(error),
    );
  }

  async publish(subject: string, data: Uint8Array): Promise<void> {
    const answer = await this.#ask(subject, data, ACK_TIMEOUT_MS).catch((cause: unknown) => {
      const error = busErrorOf(cause, 'BUS_UNAVAILABLE', subject);
      if (error.code === 'BUS_UNAVAILABLE') this.#published.failed();
      throw error;
    });
    this.#published.confirmed(subject, ackOf(subject, answer));
  }

  async request(subject: string, data: Uint8Array, timeout_ms: number): Promise<Uint8Array> {
    const answer = await this.#ask(subject, data, timeout_ms).catch((cause: unknown) => {
      throw busErrorOf(cause, 'BUS_NO_ANSWER', subject);
    });
    return answer.data;
  }

  subscribe(pattern: string, onMessage: (delivery: Delivery) => void): Subscription {
    // The reply of a captured message is its publisher's acknowledgement: nobody else's to send.
    const isCaptured = streamOf(pattern) !== undefined;
    return this.#listen(pattern, (message) => onMessage(isCaptured ? plain(message) : answerable(message)));
  }

  mailbox(receivers: readonly string[], onMessage: (delivery: Delivery) => void): Subscription {
    const boxes = receivers.map((receiver) => this.#openMailbox(subjects.mailboxOf(receiver), onMessage));
    return { close: () => boxes.forEach((box) => box.close()) };
  }

  history(pattern: string, onMessage: (delivery: Delivery) => void): Promise<void> {
    const { nats } = this.#connection;
    const read = () => readHistory(nats, this.#id, pattern, (message) => onMessage(plain(message)));
    // One after the other: an actor has one consumer a stream, and a second reading would take it away from the first.
    const reading = this.#lastReading.then(read, read);
    this.#lastReading = reading;
    return reading;
  }

  onConnect(listener: () => void): void {
    this.#listeners.push(listener);
    queueMicrotask(listener);
  }

  async close(): Promise<void> {
    await this.#connection.nats.close();
  }

  async #ask(subject: string, data: Uint8Array, timeout: number): Promise<Msg> {
    if (!this.#connection.isConnected()) throw new Error('not connected');
    return this.#connection.nats.request(subject, data, { timeout });
  }

  #announce(): void {
    for (const listener of this.#listeners) listener();
  }

  #listen(pattern: string, onMessage: (message: Msg) => void): Subscription {
    const subscription = this.#connection.nats.subscribe(pattern, {
      // A refused subscription is reported by the connection: onRefused.
      callback: (error, message) => {
        if (error === null) onMessage(message);
      },
    });
    return { close: () => subscription.unsubscribe() };
  }

  #openMailbox(pattern: string, onMessage: (delivery: Delivery) => void): Subscription {
    const mailbox = new Mailbox<Delivery>((sink) => this.history(pattern, sink), onMessage);
    const live = this.#listen(pattern, (message) => mailbox.receive(plain(message)));
    // A stream that is missing has kept nothing; what it should have kept is repeated by its senders.
    const catchUp = (): void => void mailbox.catchUp().catch(() => undefined);
    this.onConnect(catchUp);
    return {
      close: () => {
        live.close();
        mailbox.close();
        this.#listeners.splice(this.#listeners.indexOf(catchUp), 1);
      },
    };
  }
}

/** Anyone who hears the message may answer it as well: what is not a stream's answer confirms nothing. */
function ackOf(subject: string, answer: Msg): Ack {
  try {
    const ack = Ack.safeParse(answer.json());
    if (ack.success) return ack.data;
  } catch (cause) {
    throw new BusError('BUS_UNAVAILABLE', subject, 'the answer is no JSON', { cause });
  }
  throw new BusError('BUS_UNAVAILABLE', subject, 'the answer is not a stream’s');
}

const plain = ({ subject, data }: Msg): Delivery => ({ subject, data });

const answerable = (message: Msg): Delivery =>
  message.reply ? { ...plain(message), respond: (data) => void message.respond(data) } : plain(message);
