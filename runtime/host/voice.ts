// What leaves a host: signed envelopes, transactions, acknowledgements; only ever of turns that are on disk.
import assert from 'node:assert/strict';
import { HOST_ACK, type HostAckV1 } from '#schemas/node/host-ack.ts';
import type { EnvelopeItem } from '#schemas/wire/envelope.ts';
import { encode } from '#schemas/wire/msgpack.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { BusError } from '../bus/bus-error.ts';
import type { Channel } from './channel.ts';
import { seal } from './envelopes.ts';
import type { ActorSeat } from './ports.ts';
import type { Parts } from './turn.ts';

export class Voice {
  readonly #parts: Parts;
  readonly #chain: string;
  readonly #life_ms: number;
  readonly #publishing = new Set<Promise<void>>();

  /** @param life_ms when this host started: higher in each life, see channel.ts */
  constructor(parts: Parts, chain: string, life_ms: number) {
    this.#parts = parts;
    this.#chain = chain;
    this.#life_ms = life_ms;
  }

  /** Publish what may leave now, new or to be repeated, then acknowledge what is due. */
  async speak(now_ms: number): Promise<void> {
    const { outbox, submits } = this.#parts;
    outbox.repeatDue(now_ms);
    for await (const { channel, trace, items } of outbox.publishable(now_ms)) this.#send(channel, trace, items, now_ms);
    for (const { account, signed } of submits.publishable(now_ms))
      this.#publish(account, subject.transaction(account), signed);
    this.acknowledge(now_ms);
  }

  /** Tell senders how far we are, where it is due. */
  acknowledge(now_ms: number): void {
    for (const { receiver, sender, counter } of this.#parts.watermarks.takeDue(now_ms)) {
      const seat = this.#parts.residents.byId.get(receiver);
      if (seat === undefined) continue;
      const data = this.#seal(seat, now_ms, '', [this.#ackItem(sender, counter)]);
      seat.bus.cast(subject.acknowledgement(sender, receiver), data);
    }
  }

  /** Resolves when nothing is on its way to the broker any more. */
  async fallSilent(): Promise<void> {
    await Promise.allSettled(this.#publishing);
  }

  #send(channel: Channel, trace: string, items: EnvelopeItem[], now_ms: number): void {
    const { sender, receiver } = channel;
    const watermark = this.#parts.watermarks.take(sender, receiver);
    if (watermark !== undefined) items.push(this.#ackItem(receiver, watermark));
    const data = this.#seal(this.#seat(sender), now_ms, trace, items);
    this.#publish(sender, subject.mailbox(receiver, sender), data, () => this.#parts.outbox.slowDown(channel, now_ms));
  }

  /** Failures need patience only: the rows stay, and are repeated. */
  #publish(from: string, to: string, data: Uint8Array, onBusy: () => void = () => {}): void {
    const published = this.#seat(from)
      .bus.publish(to, data)
      .catch((error: unknown) => {
        if (error instanceof BusError && error.code === 'BUS_BUSY') onBusy();
      });
    this.#publishing.add(published);
    void published.then(() => this.#publishing.delete(published));
  }

  #ackItem(to: string, watermark: number): EnvelopeItem {
    const ack: HostAckV1 = { watermark, life_ms: this.#life_ms, is_busy: this.#parts.inbox.isFull };
    return { kind: HOST_ACK, to, counter: 0, body: encode(ack) };
  }

  #seal({ id, sign }: ActorSeat, now_ms: number, trace: string, items: readonly EnvelopeItem[]): Uint8Array {
    return seal({ chain: this.#chain, id, sign }, now_ms, trace, items);
  }

  #seat(id: string): ActorSeat {
    const seat = this.#parts.residents.byId.get(id);
    assert(seat, `no actor ${id} here`);
    return seat;
  }
}
