// The turn: hear → advance → write once → perform → acknowledge. Nothing leaves before what it rests on is on disk.
import assert from 'node:assert/strict';
import type { HostEvent } from '#actors/host.ts';
import { HOST_ACK, HostAckV1 } from '#schemas/node/host-ack.ts';
import { accept, type Result, refuse } from '#schemas/wire/codes.ts';
import type { EnvelopeItem } from '#schemas/wire/envelope.ts';
import type { ReceivedEnvelope } from '#schemas/wire/envelope-codec.ts';
import { MAX_OUTBOX_ROWS, MAX_TURN_EVENTS, MIN_TURN_EVENTS } from '#schemas/wire/limits.ts';
import { decodeBody, encode } from '#schemas/wire/msgpack.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { BusError } from '../bus/bus-error.ts';
import { advance, frozen, type Heard, type Order } from './advance.ts';
import { isAuthentic, open, seal } from './envelopes.ts';
import type { Inbox, Input } from './inbox.ts';
import type { Io, IoCall, IoOutcome } from './io.ts';
import type { LedgerFeed } from './ledger-feed.ts';
import type { Channel, Outbox } from './outbox.ts';
import type { ActorSeat, HostOptions } from './ports.ts';
import type { Quarantine } from './quarantine.ts';
import type { Refusals } from './refusals.ts';
import type { Actor, Residents } from './residents.ts';
import { Changes, row } from './rows.ts';
import type { Submits } from './submits.ts';
import type { Timers } from './timers.ts';
import type { Watermarks } from './watermarks.ts';

/** The host's parts, each with its rows. */
export type Parts = {
  readonly residents: Residents;
  readonly inbox: Inbox;
  readonly watermarks: Watermarks;
  readonly outbox: Outbox;
  readonly submits: Submits;
  readonly timers: Timers;
  readonly io: Io;
  readonly feed: LedgerFeed;
  readonly quarantine: Quarantine;
  readonly refusals: Refusals;
};

/** What one turn gathers. */
type Turn = {
  readonly now_ms: number;
  readonly changes: Changes;
  /** Events by actor, in order. */
  readonly heard: Map<Actor, Heard[]>;
  events_count: number;
  /** What happens when the turn is on disk: calls start, logs are written, waiters are told. */
  readonly after: (() => void)[];
};

const newTurn = (now_ms: number): Turn => ({
  now_ms,
  changes: new Changes(),
  heard: new Map(),
  events_count: 0,
  after: [],
});

/** Runs turns, one at a time: nobody else changes the host's parts. */
export class TurnRunner {
  readonly #options: HostOptions;
  readonly #parts: Parts;
  readonly #life_ms: number;
  readonly #publishing = new Set<Promise<void>>();

  /** @param life_ms when this host started: higher in each life, see outbox.ts */
  constructor(options: HostOptions, parts: Parts, life_ms: number) {
    this.#options = options;
    this.#parts = parts;
    this.#life_ms = life_ms;
  }

  /** When a turn has something to do, ms: in the past when it has already; Infinity: not before an input comes. */
  nextDue_ms(): number {
    const { inbox, timers, watermarks, outbox, submits } = this.#parts;
    if (inbox.count > 0) return 0;
    return Math.min(timers.nextDue_ms(), watermarks.nextDue_ms(), outbox.nextRepeat_ms(), submits.nextRepeat_ms());
  }

  /** @throws StoreError: memory is ahead of the disk then, and the process must end */
  async run(): Promise<void> {
    const started_ms = performance.now();
    const turn = newTurn(this.#options.clock.now_ms());
    await this.#hear(turn);
    for (const [actor, heard] of turn.heard) this.#advance(actor, heard, turn);
    await this.#write(turn);
    await this.#perform(turn);
    this.#parts.residents.evict();
    this.#measure((performance.now() - started_ms) / 1_000);
  }

  /** Create an actor that was never here: its first state, and the event that says so. */
  async create(actor: Actor): Promise<void> {
    const turn = newTurn(this.#options.clock.now_ms());
    const { snapshot, effects } = actor.stepper.start(actor.id);
    assert(effects.length === 0, `${actor.definition.kind} gives orders before it is started`);
    actor.state = { snapshot, seq: 0 };
    const first = frozen(actor, actor.state);
    assert(first.ok, `${actor.definition.kind} starts outside its schema`);
    turn.changes.putBytes(row.snapshot(actor.id), first.value);
    this.#parts.residents.touch(actor);
    this.#parts.feed.admit(actor.id);
    this.#advance(actor, [{ event: { type: 'actor.started', now_ms: turn.now_ms }, trace: '' }], turn);
    await this.#write(turn);
    await this.#perform(turn);
    this.#parts.residents.evict();
  }

  /** The last act before a stop: write what could wait, tell every sender how far we are, let publishes end. */
  async finish(): Promise<void> {
    const turn = newTurn(this.#options.clock.now_ms());
    turn.changes.put(row.life, this.#life_ms);
    await this.#write(turn);
    this.#parts.watermarks.remindAll(turn.now_ms);
    this.#acknowledge(turn.now_ms);
    await Promise.allSettled(this.#publishing);
  }

  async #hear(turn: Turn): Promise<void> {
    const { timers, inbox, residents } = this.#parts;
    const limit = this.#turnSize();
    const isAwake = (id: string) => residents.byId.get(id)?.stopped === undefined;
    while (turn.events_count < limit) {
      const timer = timers.takeDue(turn.now_ms, isAwake, turn.changes);
      if (timer === undefined) break;
      await this.#tell(
        timer.actor,
        { event: { type: 'timer.fired', id: timer.id, now_ms: turn.now_ms }, trace: '' },
        turn,
      );
    }
    while (turn.events_count < limit) {
      const input = inbox.shift();
      if (input === undefined) break;
      await this.#hearInput(input, turn);
    }
  }

  /** Turns shrink as the outbox grows: a node that cannot get rid of its messages makes fewer. */
  #turnSize(): number {
    const free = 1 - this.#parts.outbox.rows_count / MAX_OUTBOX_ROWS;
    return Math.max(MIN_TURN_EVENTS, Math.floor(MAX_TURN_EVENTS * free));
  }

  async #hearInput(input: Input, turn: Turn): Promise<void> {
    switch (input.type) {
      case 'mail':
        return this.#hearMail(input, turn);
      case 'io':
        return this.#hearOutcome(input.call, input.outcome, turn);
      case 'connected':
        this.#parts.outbox.repeatAll(input.actors, turn.now_ms);
        return this.#parts.submits.repeatAll(input.actors);
      case 'block':
        await this.#hearBlock(input, turn);
        break;
      case 'inject':
        if (this.#parts.quarantine.remove(input.actor, input.seq, turn.changes))
          await this.#tell(input.actor, input, turn);
        break;
      case 'drop':
        this.#parts.quarantine.remove(input.actor, input.seq, turn.changes);
        break;
      case 'resume':
        this.#resume(input.actor, turn);
    }
    turn.after.push(input.waiter.resolve);
  }

  async #hearMail({ receiver, sender, data }: Input & { type: 'mail' }, turn: Turn): Promise<void> {
    const { residents, refusals, watermarks } = this.#parts;
    const actor = residents.byId.get(receiver);
    if (actor === undefined) return refusals.count(sender, 'RECEIVER_UNKNOWN');
    if (actor.stopped !== undefined) return refusals.count(sender, 'ACTOR_STOPPED');
    const got = open(data, sender, this.#options.chain, turn.now_ms);
    if (!got.ok) return refusals.count(sender, got.code);
    const { items } = got.value.envelope;
    if (
      items.every((item) => item.counter > 0 && watermarks.judge(receiver, sender, item.counter) === 'COUNTER_REPLAYED')
    ) {
      watermarks.remind(receiver, sender, turn.now_ms);
      return refusals.count(sender, 'COUNTER_REPLAYED');
    }
    if (!isAuthentic(got.value)) return refusals.count(sender, 'SIGNATURE_INVALID');
    if (!(await residents.wake(actor, turn.changes))) return refusals.count(sender, 'ACTOR_STOPPED');
    await this.#hearItems(actor, got.value, turn);
  }

  async #hearItems(actor: Actor, { envelope: { sender, trace, items } }: ReceivedEnvelope, turn: Turn): Promise<void> {
    const { refusals, watermarks } = this.#parts;
    const heard = this.#heardBy(actor, turn);
    for (const item of items) {
      if (item.to !== actor.id) refusals.count(sender, 'RECEIVER_UNKNOWN');
      else if (item.kind === HOST_ACK) await this.#hearAck(actor, sender, item, turn);
      else {
        const verdict = watermarks.judge(actor.id, sender, item.counter);
        if (verdict !== 'next') {
          refusals.count(sender, verdict);
          watermarks.remind(actor.id, sender, turn.now_ms);
          continue;
        }
        // Counted even where the body is refused: it would be refused again, and block what comes behind it.
        watermarks.advance(actor.id, sender, item.counter, turn.now_ms);
        const event = this.#toEvent(actor, sender, item, turn.now_ms);
        if (event.ok) heard.push({ event: event.value, trace });
        else refusals.count(sender, event.code);
      }
    }
    turn.events_count += items.length;
  }

  #toEvent(actor: Actor, sender: string, { kind, body }: EnvelopeItem, now_ms: number): Result<HostEvent> {
    const schema = actor.definition.hears[kind];
    if (schema === undefined) return refuse('KIND_UNKNOWN');
    const got = decodeBody(schema, body);
    return got.ok ? accept({ type: 'message', kind, from: sender, body: got.value, now_ms }) : got;
  }

  async #hearAck(actor: Actor, from: string, { body }: EnvelopeItem, turn: Turn): Promise<void> {
    const ack = decodeBody(HostAckV1, body);
    if (!ack.ok) return this.#parts.refusals.count(from, ack.code);
    await this.#parts.outbox.acknowledge(actor.id, from, ack.value, turn.now_ms, turn.changes);
  }

  async #hearOutcome(call: IoCall, outcome: IoOutcome, turn: Turn): Promise<void> {
    const { io, residents } = this.#parts;
    // Of a stopped actor the call stays unanswered; it is made again when the actor goes on.
    if (residents.byId.get(call.actor)?.stopped !== undefined || !io.settle(call, turn.changes)) return;
    const { port, key, trace } = call;
    const { now_ms } = turn;
    const event: HostEvent = outcome.isDone
      ? { type: 'io.done', port, key, answer: outcome.answer, now_ms }
      : { type: 'io.failed', port, key, code: outcome.code, now_ms };
    await this.#tell(call.actor, { event, trace }, turn);
  }

  async #hearBlock({ height, time_ms, events }: Input & { type: 'block' }, turn: Turn): Promise<void> {
    const { feed, residents } = this.#parts;
    for (const [id, concerned] of feed.hear(height, events, residents.byId)) {
      const event: HostEvent = { type: 'ledger.block', height, time_ms, events: concerned, now_ms: turn.now_ms };
      await this.#tell(id, { event, trace: '' }, turn);
    }
  }

  #resume(id: string, turn: Turn): void {
    const { residents, feed, timers, io } = this.#parts;
    const actor = residents.byId.get(id);
    if (actor?.stopped === undefined) return;
    residents.resume(actor, turn.changes);
    feed.release(id);
    timers.wake(id);
    turn.after.push(() => io.startAll((one) => one === id));
  }

  /** Queue an event for an actor within this turn. */
  async #tell(id: string, heard: Heard, turn: Turn): Promise<void> {
    const actor = this.#parts.residents.byId.get(id);
    if (actor === undefined || !(await this.#parts.residents.wake(actor, turn.changes))) return;
    this.#heardBy(actor, turn).push({ event: heard.event, trace: heard.trace });
    turn.events_count++;
  }

  #heardBy(actor: Actor, turn: Turn): Heard[] {
    let heard = turn.heard.get(actor);
    if (heard === undefined) turn.heard.set(actor, (heard = []));
    return heard;
  }

  #advance(actor: Actor, heard: readonly Heard[], turn: Turn): void {
    assert(actor.state, 'an actor is advanced while it sleeps');
    const { state, row: bytes, orders, poisoned } = advance(actor, actor.state, heard);
    actor.state = state;
    if (bytes !== undefined) turn.changes.putBytes(row.snapshot(actor.id), bytes);
    for (const order of orders) this.#order(actor, order, turn);
    for (const { heard: one, error } of poisoned) this.#setAside(actor, one, error, turn);
    this.#options.metrics.add('sortition_host_events_total', heard.length, actor.definition.kind);
  }

  #order(actor: Actor, { effect, trace, body }: Order, turn: Turn): void {
    const { outbox, submits, timers, io } = this.#parts;
    const { log, metrics } = this.#options;
    switch (effect.type) {
      case 'send':
        assert(body, 'a message was not encoded');
        return outbox.append(actor.id, effect.to, trace, [effect.kind, body], turn.now_ms);
      case 'submit':
        return submits.add(actor.id, effect.body, turn.changes);
      case 'timer.set':
        return timers.set(actor.id, effect.id, effect.at_ms, turn.changes);
      case 'timer.cancel':
        return timers.cancel(actor.id, effect.id, turn.changes);
      case 'io': {
        const call = { actor: actor.id, port: effect.port, key: effect.key, trace, request: effect.request };
        if (io.add(call, turn.changes)) turn.after.push(() => io.start(call));
        return;
      }
      case 'log':
        turn.after.push(() => log[effect.level]({ ...effect.data, actor: actor.id }, effect.message));
        return;
      case 'metric':
        turn.after.push(() => metrics.add(effect.name, effect.add));
    }
  }

  #setAside(actor: Actor, heard: Heard, error: unknown, turn: Turn): void {
    const { quarantine, residents, feed } = this.#parts;
    const isKept = quarantine.add(actor.id, heard, error, turn.now_ms, turn.changes);
    const isStopped = residents.blame(actor, error, turn.now_ms, turn.changes);
    if (isStopped) feed.hold(actor.id);
    this.#options.log.warn(
      { actor: actor.id, event: heard.event.type, err: error, is_kept: isKept, is_stopped: isStopped },
      'event set aside',
    );
  }

  async #write({ now_ms, changes }: Turn): Promise<void> {
    const { submits, watermarks, outbox, feed } = this.#parts;
    submits.tend(now_ms, changes);
    submits.write(changes);
    watermarks.write(changes);
    outbox.write(changes);
    feed.write(changes);
    if (changes.ops.length > 0) await this.#options.store.batch(changes.ops);
  }

  async #perform(turn: Turn): Promise<void> {
    const { outbox, submits } = this.#parts;
    for (const act of turn.after) act();
    outbox.repeatDue(turn.now_ms);
    for await (const { channel, trace, items } of outbox.publishable(turn.now_ms))
      this.#send(channel, trace, items, turn.now_ms);
    for (const { account, signed } of submits.publishable(turn.now_ms))
      this.#publish(account, subject.transaction(account), signed);
    this.#acknowledge(turn.now_ms);
  }

  #send(channel: Channel, trace: string, items: EnvelopeItem[], now_ms: number): void {
    const { watermarks, outbox } = this.#parts;
    const watermark = watermarks.take(channel.sender, channel.receiver);
    if (watermark !== undefined) items.push(this.#ackItem(channel.receiver, watermark));
    const data = this.#seal(channel.sender, now_ms, trace, items);
    this.#publish(channel.sender, subject.mailbox(channel.receiver, channel.sender), data, () =>
      outbox.slowDown(channel, now_ms),
    );
  }

  /** A failure needs no handling but patience when the broker is full: the rows stay, and are repeated. */
  #publish(from: string, to: string, data: Uint8Array, onBusy: () => void = () => {}): void {
    const published = this.#seat(from)
      .bus.publish(to, data)
      .catch((error: unknown) => {
        if (error instanceof BusError && error.code === 'BUS_BUSY') onBusy();
      });
    this.#publishing.add(published);
    void published.then(() => this.#publishing.delete(published));
  }

  #acknowledge(now_ms: number): void {
    for (const { receiver, sender, counter } of this.#parts.watermarks.takeDue(now_ms)) {
      if (!this.#parts.residents.byId.has(receiver)) continue;
      const data = this.#seal(receiver, now_ms, '', [this.#ackItem(sender, counter)]);
      this.#seat(receiver).bus.cast(subject.acknowledgement(sender, receiver), data);
    }
  }

  #ackItem(to: string, watermark: number): EnvelopeItem {
    const ack: HostAckV1 = { watermark, life_ms: this.#life_ms, is_busy: this.#parts.inbox.isFull };
    return { kind: HOST_ACK, to, counter: 0, body: encode(ack) };
  }

  #seal(from: string, now_ms: number, trace: string, items: readonly EnvelopeItem[]): Uint8Array {
    const { id, sign } = this.#seat(from);
    return seal({ chain: this.#options.chain, id, sign }, now_ms, trace, items);
  }

  #seat(id: string): ActorSeat {
    const seat = this.#parts.residents.byId.get(id);
    assert(seat, `no actor ${id} here`);
    return seat;
  }

  #measure(seconds: number): void {
    const { metrics } = this.#options;
    const { outbox, submits, inbox, quarantine, residents } = this.#parts;
    metrics.set('sortition_host_turn_seconds', seconds);
    metrics.set('sortition_host_outbox_rows', outbox.rows_count + submits.count());
    metrics.set('sortition_host_mailbox_messages', inbox.count);
    metrics.set('sortition_host_quarantine_messages', quarantine.total());
    metrics.set('sortition_host_resident_actors', residents.awake_count);
  }
}
