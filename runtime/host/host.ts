// The host: runs many actors of one node over one store, each event applied exactly once. See docs/runtime.md.
import assert from 'node:assert/strict';
import { z } from 'zod';
import type { HostEvent } from '#actors/host.ts';
import type { LedgerEvent } from '#schemas/settlement/state.ts';
import { DRAIN_MS } from '#schemas/wire/limits.ts';
import { subject } from '#schemas/wire/subjects.ts';
import type { Bus, Delivery, Subscription } from '../bus/bus.ts';
import { concernsOf } from './concerns.ts';
import { Inbox, type Input, type Waiter } from './inbox.ts';
import { inspect } from './inspect.ts';
import { Io } from './io.ts';
import { LedgerFeed } from './ledger-feed.ts';
import { Outbox } from './outbox.ts';
import type { Host, HostOptions, Inspection, QuarantinedEvent } from './ports.ts';
import { Quarantine } from './quarantine.ts';
import { Refusals } from './refusals.ts';
import { type Actor, Residents } from './residents.ts';
import { Changes, readRow, row } from './rows.ts';
import { TurnRunner } from './runner.ts';
import { Submits } from './submits.ts';
import { Timers } from './timers.ts';
import type { Parts } from './turn.ts';
import { Watermarks } from './watermarks.ts';

/** The host was told to stop before it could do what was asked; ask the next one. */
export class HostDrainingError extends Error {
  override readonly name = 'HostDrainingError';
  readonly code = 'HOST_DRAINING';
}

/** @throws AssertionError when an actor is hosted twice or uses a port that is not given */
export function createHost(options: HostOptions): Host {
  return new ActorHost(options);
}

class ActorHost implements Host {
  readonly #options: HostOptions;
  readonly #parts: Parts;
  #runner: TurnRunner | undefined;
  #running: Promise<void> = Promise.resolve();
  #isDraining = false;
  #hasFailed = false;
  #subscriptions: Subscription[] = [];
  /** Ends the sleep of the loop. */
  #wake: () => void = () => {};

  readonly quarantine = {
    list: (id: string): Promise<readonly QuarantinedEvent[]> => this.#parts.quarantine.list(this.#actor(id).id),
    inject: (id: string, seq: number) => this.#inject(id, seq),
    drop: (id: string, seq: number) => this.#drop(id, seq),
    resume: (id: string) => this.#ask((waiter) => ({ type: 'resume', actor: this.#actor(id).id, waiter })),
  };

  constructor(options: HostOptions) {
    this.#options = options;
    const { store, actors, ports, ledger, chain, metrics } = options;
    for (const port of actors.flatMap((seat) => seat.definition.ports)) assert(port in ports, `no port ${port}`);
    this.#parts = {
      residents: new Residents(store, actors),
      inbox: new Inbox(),
      watermarks: new Watermarks(),
      outbox: new Outbox(store),
      submits: new Submits(chain, ledger, actors),
      timers: new Timers(),
      io: new Io(ports, (call, outcome) => this.#push({ type: 'io', call, outcome })),
      feed: new LedgerFeed(concernsOf(actors)),
      quarantine: new Quarantine(store),
      refusals: new Refusals(metrics),
    };
  }

  async start(): Promise<void> {
    const { residents, io, watermarks } = this.#parts;
    const runner = new TurnRunner(this.#options, this.#parts, await this.#beginLife());
    this.#runner = runner;
    await this.#load();
    io.startAll((id) => residents.isRunning(id));
    for (const actor of residents.byId.values()) {
      if (actor.stopped === undefined && !(await this.#isKnown(actor))) await runner.create(actor);
    }
    watermarks.remindAll(this.#options.clock.now_ms());
    this.#subscribe();
    this.#running = this.#loop(runner);
  }

  async drain(): Promise<void> {
    this.#isDraining = true;
    for (const subscription of this.#subscriptions) subscription.close();
    this.#parts.io.abort();
    this.#wake();
    await Promise.race([this.#finish(), this.#pause(DRAIN_MS)]);
    // Its timer must not hold up the end of the process.
    this.#wake();
  }

  ledgerWatermark(): number {
    return this.#parts.feed.watermark();
  }

  deliverBlock(height: number, time_ms: number, events: readonly LedgerEvent[]): Promise<void> {
    return this.#ask((waiter) => ({ type: 'block', height, time_ms, events, waiter }));
  }

  inspect(id: string): Promise<Inspection> {
    return inspect(this.#options.store, this.#parts, this.#actor(id));
  }

  refusals() {
    return this.#parts.refusals.list();
  }

  async #inject(id: string, seq: number): Promise<boolean> {
    const actor = this.#actor(id);
    const found = await this.#parts.quarantine.get(actor.id, seq);
    if (found === undefined || actor.stopped !== undefined) return false;
    // Time goes on: a machine hears when it is, not when it failed.
    const event: HostEvent = { ...found.event, now_ms: this.#options.clock.now_ms() };
    await this.#ask((waiter) => ({ type: 'inject', actor: id, seq, event, trace: found.trace, waiter }));
    return true;
  }

  async #drop(id: string, seq: number): Promise<boolean> {
    if ((await this.#parts.quarantine.get(this.#actor(id).id, seq)) === undefined) return false;
    await this.#ask((waiter) => ({ type: 'drop', actor: id, seq, waiter }));
    return true;
  }

  /** A later life always has a higher number, even where the clock went back. */
  async #beginLife(): Promise<number> {
    const { store, clock } = this.#options;
    const life_ms = Math.max(clock.now_ms(), (await readRow(store, row.life, z.int(), 0)) + 1);
    const changes = new Changes();
    changes.put(row.life, life_ms);
    await store.batch(changes.ops);
    return life_ms;
  }

  async #load(): Promise<void> {
    const { store, clock } = this.#options;
    const { residents, watermarks, outbox, submits, timers, io, feed, quarantine } = this.#parts;
    await residents.load();
    await watermarks.load(store);
    await outbox.load(clock.now_ms());
    await submits.load(store);
    await timers.load(store);
    await io.load(store);
    await feed.load(store);
    await quarantine.load();
  }

  async #isKnown(actor: Actor): Promise<boolean> {
    return (await this.#options.store.get(row.snapshot(actor.id))) !== undefined;
  }

  #subscribe(): void {
    const byBus = Map.groupBy(this.#options.actors, (seat) => seat.bus);
    for (const [bus, seats] of byBus)
      this.#subscribeOn(
        bus,
        seats.map((seat) => seat.id),
      );
  }

  #subscribeOn(bus: Bus, ids: readonly string[]): void {
    const receive = (delivery: Delivery) => this.#receive(delivery);
    this.#subscriptions.push(
      bus.mailbox(ids, receive),
      ...ids.map((id) => bus.subscribe(subject.acknowledgements(id), receive)),
    );
    bus.onConnect(() => this.#push({ type: 'connected', actors: new Set(ids) }));
  }

  /** Mail above the bound is dropped, which is safe: its sender repeats it, and hears with the next acknowledgement that we are busy. */
  #receive({ subject: text, data }: Delivery): void {
    const [, , receiver = '', sender = ''] = text.split('.');
    if (this.#parts.inbox.isFull) this.#parts.refusals.count(sender, 'HOST_BUSY');
    else this.#push({ type: 'mail', receiver, sender, data });
  }

  #push(input: Input): void {
    if (this.#isDraining) return;
    this.#parts.inbox.push(input);
    this.#wake();
  }

  /** Queue an input and wait until it is on disk. */
  #ask(input: (waiter: Waiter) => Input): Promise<void> {
    if (this.#isDraining) return Promise.reject(new HostDrainingError('the host is stopping'));
    return new Promise((resolve, reject) => this.#push(input({ resolve, reject })));
  }

  async #loop(runner: TurnRunner): Promise<void> {
    try {
      while (!this.#isDraining) {
        const now_ms = this.#options.clock.now_ms();
        const wait_ms = runner.nextDue_ms(now_ms) - now_ms;
        if (wait_ms > 0) await this.#pause(wait_ms);
        else await runner.run();
        // Turns without end must not starve the network.
        await new Promise((resolve) => setImmediate(resolve));
      }
    } catch (error) {
      this.#isDraining = true;
      this.#hasFailed = true;
      this.#options.onFailure(error);
    }
  }

  async #finish(): Promise<void> {
    await this.#running;
    for (let input = this.#parts.inbox.shift(); input !== undefined; input = this.#parts.inbox.shift())
      if ('waiter' in input) input.waiter.reject(new HostDrainingError('the host is stopping'));
    // After a failure memory is ahead of the disk: nothing of it may leave.
    if (!this.#hasFailed) await this.#runner?.finish();
  }

  /** Until woken, or for so long. */
  #pause(wait_ms: number): Promise<void> {
    if (wait_ms === Infinity) return new Promise((resolve) => (this.#wake = resolve));
    return new Promise((resolve) => {
      const cancel = this.#options.clock.setTimer(wait_ms, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }

  #actor(id: string): Actor {
    const actor = this.#parts.residents.byId.get(id);
    if (actor === undefined) throw new RangeError(`no actor ${id} is hosted here`);
    return actor;
  }
}
