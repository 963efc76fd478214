// The bus without a broker: the same promises inside one process, with faults on order. Permissions are the real broker's part.
import { subject as subjects } from '#schemas/wire/subjects.ts';
import type { Bus, Delivery, Subscription } from './bus.ts';
import { BusError } from './bus-error.ts';
import { Mailbox } from './mailbox.ts';
import { MemoryStreams } from './memory-streams.ts';
import { PublishLog } from './publish-log.ts';
import { matches } from './streams.ts';

/** What happens to a message on its way to one receiver. */
export type Fate = 'deliver' | 'drop' | 'duplicate';

type Listener = { readonly owner: string; readonly pattern: string; readonly onMessage: (delivery: Delivery) => void };

/** What the connections of one process meet in. */
export class MemoryBroker {
  /** Decides each live delivery; by default all arrive once. `receiver` is the id that subscribed. */
  fate: (subject: string, receiver: string, data: Uint8Array) => Fate = () => 'deliver';
  readonly streams = new MemoryStreams();
  #isUp = true;
  readonly #listeners = new Set<Listener>();
  #onTheWay: (() => void)[] = [];
  readonly #onUp = new Set<() => void>();

  /** A connection of the actor `id`. */
  connect(id: string): Bus {
    return new MemoryBus(this, id);
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Goes away: nothing is delivered or confirmed. What streams in files hold stays, what is in memory goes. */
  stop(): void {
    this.#isUp = false;
    this.streams.loseMemory();
  }

  /** Comes back: every connection hears of it. */
  start(): void {
    this.#isUp = true;
    for (const listener of this.#onUp) this.#later(listener);
  }

  onUp(listener: () => void): Subscription {
    this.#onUp.add(listener);
    return { close: () => void this.#onUp.delete(listener) };
  }

  listen(listener: Listener): Subscription {
    this.#listeners.add(listener);
    return { close: () => void this.#listeners.delete(listener) };
  }

  /** Gives it to everyone who listens; answers how many do. */
  deliver(delivery: Delivery): number {
    if (!this.#isUp) return 0;
    const hearing = [...this.#listeners].filter(({ pattern }) => matches(pattern, delivery.subject));
    for (const listener of hearing) this.#send(listener, delivery);
    return hearing.length;
  }

  #send(listener: Listener, delivery: Delivery): void {
    const fate = this.fate(delivery.subject, listener.owner, delivery.data);
    const copies = fate === 'drop' ? 0 : fate === 'duplicate' ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      this.#later(() => {
        if (this.#listeners.has(listener)) listener.onMessage(delivery);
      });
    }
  }

  /** As over a socket: in order, after the code that is running now, and leaving room for timers. */
  #later(arrive: () => void): void {
    if (this.#onTheWay.push(arrive) > 1) return;
    setImmediate(() => {
      const arriving = this.#onTheWay;
      this.#onTheWay = [];
      for (const one of arriving) one();
    });
  }
}

class MemoryBus implements Bus {
  readonly #broker: MemoryBroker;
  readonly #id: string;
  readonly #open = new Set<Subscription>();
  readonly #connectListeners = new Set<() => void>();
  readonly #published = new PublishLog(() => this.#announce());
  #isClosed = false;

  constructor(broker: MemoryBroker, id: string) {
    this.#broker = broker;
    this.#id = id;
    this.#open.add(broker.onUp(() => this.#announce()));
  }

  cast(subject: string, data: Uint8Array): void {
    if (this.#isClosed) return;
    try {
      this.#broker.streams.keep({ subject, data });
    } catch (error) {
      if (!(error instanceof BusError)) throw error; // a full stream does not hold up what is live
    }
    this.#broker.deliver({ subject, data });
  }

  async tell(subject: string, data: Uint8Array): Promise<boolean> {
    await Promise.resolve();
    return this.#isUp && this.#broker.deliver({ subject, data }) > 0;
  }

  async publish(subject: string, data: Uint8Array): Promise<void> {
    if (!this.#isUp) {
      this.#published.failed();
      throw new BusError('BUS_UNAVAILABLE', subject, 'not connected');
    }
    this.#broker.deliver({ subject, data });
    const ack = this.#broker.streams.keep({ subject, data });
    await Promise.resolve();
    if (ack === undefined) throw new BusError('BUS_UNAVAILABLE', subject, 'no stream captures it');
    this.#published.confirmed(subject, ack);
  }

  subscribe(pattern: string, onMessage: (delivery: Delivery) => void): Subscription {
    return this.#opened(this.#broker.listen({ owner: this.#id, pattern, onMessage }));
  }

  request(subject: string, data: Uint8Array, timeout_ms: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const fail = (detail: string): void => reject(new BusError('BUS_NO_ANSWER', subject, detail));
      const timer = setTimeout(fail, timeout_ms, 'timeout');
      const respond = (answer: Uint8Array): void => {
        clearTimeout(timer);
        if (this.#isUp) resolve(answer);
      };
      if (this.#isUp && this.#broker.deliver({ subject, data, respond }) > 0) return;
      clearTimeout(timer);
      fail('nobody listens');
    });
  }

  mailbox(receivers: readonly string[], onMessage: (delivery: Delivery) => void): Subscription {
    const boxes = receivers.map((receiver) => this.#openMailbox(subjects.mailboxOf(receiver), onMessage));
    return { close: () => boxes.forEach((box) => box.close()) };
  }

  async history(pattern: string, onMessage: (delivery: Delivery) => void): Promise<void> {
    await Promise.resolve();
    if (!this.#isUp) throw new BusError('BUS_UNAVAILABLE', pattern, 'not connected');
    for (const delivery of this.#broker.streams.kept(pattern)) onMessage(delivery);
  }

  onConnect(listener: () => void): void {
    this.#connectListeners.add(listener);
    queueMicrotask(listener);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#connectListeners.clear();
    for (const subscription of this.#open) subscription.close();
    await Promise.resolve();
  }

  get #isUp(): boolean {
    return this.#broker.isUp && !this.#isClosed;
  }

  #announce(): void {
    for (const listener of this.#connectListeners) listener();
  }

  #opened(subscription: Subscription): Subscription {
    this.#open.add(subscription);
    const close = (): void => {
      this.#open.delete(subscription);
      subscription.close();
    };
    return { close };
  }

  #openMailbox(pattern: string, onMessage: (delivery: Delivery) => void): Subscription {
    const mailbox = new Mailbox<Delivery>((sink) => this.history(pattern, sink), onMessage);
    const live = this.subscribe(pattern, (delivery) => mailbox.receive(delivery));
    const catchUp = (): void => void mailbox.catchUp().catch(() => undefined);
    this.onConnect(catchUp);
    return {
      close: () => {
        live.close();
        mailbox.close();
        this.#connectListeners.delete(catchUp);
      },
    };
  }
}
