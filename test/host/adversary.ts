// Schedules of faults drawn from a seed, against hosts whose actors keep books: what was lost, doubled or out of order, by its number.

import { createPrng, type Prng } from '#machines/primitives/prng.ts';
import { epochAt, firstOf } from '#runtime/host/counter.ts';
import { MemoryDisk } from '#runtime/store/memory-store.ts';
import { MAX_MESSAGE_BYTES } from '#schemas/wire/limits.ts';
import { encode } from '#schemas/wire/msgpack.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { type CourierData, FIRST_PING } from './courier.ts';
import { drawPlan, drawShape } from './draw-schedule.ts';
import { Station } from './station.ts';
import { ToyLedger } from './toy-ledger.ts';
import { Outsider, signerOf, World } from './world.ts';

/** `kept`: nobody loses what is on its disk. `forgetful`: nodes are wiped and rolled back as well. */
export type ScheduleKind = 'kept' | 'forgetful';

/** What a schedule came to. */
export type Outcome = {
  readonly seed: number;
  /** Promises that were broken, each with the message that shows it. */
  readonly wrong: readonly string[];
  /** How often each thing happened that should sometimes happen. */
  readonly seen: Readonly<Record<string, number>>;
};

/** Faults that a schedule draws from; each schedule leaves out about half of them. */
const FAULTS = [
  'weather',
  'kill',
  'crash',
  'blackout',
  'restart',
  'broker_away',
  'stream_lost',
  'broker_rolled_back',
  'flood',
  'full_stream',
  'clock',
  'skew',
  'poison',
  'resume',
  'old_mail',
  'leap',
] as const;
const FORGETFUL = ['wipe', 'roll_back', 'roll_back'] as const;
type FaultName = (typeof FAULTS)[number] | (typeof FORGETFUL)[number];

/** How far a node's clock may be off. */
const SKEWS_MS = [
  0, 500, -500, 20_000, -20_000, 200_000, -200_000, 400_000, 3_600_000, -3_600_000, 172_800_000,
] as const;
/** Deliveries that the broker may repeat later. */
const MAX_ARCHIVE = 512;
/** Rounds in which a network must have come to rest when nobody hurts it any more. */
const MAX_ROUNDS = 6_000;

export async function runSchedule(seed: number, kind: ScheduleKind): Promise<Outcome> {
  return new Schedule(seed, kind).run();
}

class Schedule {
  readonly #seed: number;
  readonly #kind: ScheduleKind;
  readonly #prng: Prng;
  readonly #world = new World();
  readonly #ledger: ToyLedger;
  readonly #stations: readonly Station[];
  readonly #names: readonly string[];
  readonly #tokens_count: number;
  readonly #archive: { readonly subject: string; readonly data: Uint8Array }[] = [];
  readonly #seen: Record<string, number> = {};
  #goBack: () => void;
  /** What happens to deliveries, of 1,024. */
  #weather = { drop: 0, duplicate: 0, late: 0, dropAcks: 0 };
  #flooded: Station | undefined;
  #outsiders = 0;

  constructor(seed: number, kind: ScheduleKind) {
    this.#seed = seed;
    this.#kind = kind;
    this.#prng = createPrng(seed, kind === 'kept' ? 1 : 2);
    this.#ledger = new ToyLedger(this.#world.broker, this.#world.ledger);
    this.#goBack = this.#world.broker.streams.backUp();
    const shape = drawShape(this.#prng);
    this.#names = shape.flat();
    const { plan, tokens_count } = drawPlan(this.#prng, this.#names, kind === 'kept', this.#world.clock.now_ms());
    this.#tokens_count = tokens_count;
    const count = (what: string) => this.#count(what);
    this.#stations = shape.map((names) => new Station(this.#world, names, plan, this.#prng, this.#ledger, count));
    this.#world.broker.fate = (to, receiver, data) => this.#fate(to, receiver, data);
  }

  async run(): Promise<Outcome> {
    if (this.#prng.chance(256)) this.#wear();
    const enabled: FaultName[] = FAULTS.filter(() => this.#prng.chance(512));
    if (this.#kind === 'forgetful') enabled.push(...FORGETFUL);
    if (this.#kind === 'forgetful' && enabled.includes('skew')) enabled.splice(enabled.indexOf('skew'), 1);
    for (const station of this.#stations) await station.start();
    for (let steps = this.#prng.between(8, 28); steps > 0; steps--) {
      if (enabled.length > 0) await this.#hurt(this.#prng.pick(enabled));
      await this.#go(this.#prng.below(12), 40);
    }
    await this.#heal();
    const wrong = this.#kind === 'kept' ? await this.#judgeKept() : await this.#judgeForgetful();
    return { seed: this.#seed, wrong: [...this.#ledger.wrong, ...wrong], seen: this.#seen };
  }

  #fate(to: string, receiver: string, data: Uint8Array): 'deliver' | 'drop' | 'duplicate' {
    if (receiver !== 'ledger') {
      const place = this.#archive.length < MAX_ARCHIVE ? this.#archive.length : this.#prng.below(MAX_ARCHIVE);
      this.#archive[place] = { subject: to, data };
    }
    const { drop, duplicate, late, dropAcks } = this.#weather;
    if (to.startsWith('ack.') && this.#prng.chance(dropAcks)) return 'drop';
    const drawn = this.#prng.below(1_024);
    if (drawn < drop) return 'drop';
    if (drawn < drop + late) {
      // It comes when something else has overtaken it.
      this.#world.clock.setTimer(this.#prng.below(400), () => this.#world.broker.deliver({ subject: to, data }));
      return 'drop';
    }
    return drawn < drop + late + duplicate ? 'duplicate' : 'deliver';
  }

  async #hurt(what: FaultName): Promise<void> {
    this.#count(what);
    const { broker, clock } = this.#world;
    const prng = this.#prng;
    const station = prng.pick(this.#stations);
    // The first node never forgets: somebody must notice.
    const forgetful = prng.pick(this.#stations.slice(1));
    switch (what) {
      case 'weather':
        this.#weather = prng.chance(256)
          ? { drop: 0, duplicate: 0, late: 0, dropAcks: 0 }
          : { drop: prng.below(400), duplicate: prng.below(300), late: prng.below(300), dropAcks: prng.below(1_000) };
        return;
      case 'kill':
        await station.kill();
        return prng.chance(512) ? station.start() : undefined;
      case 'crash':
        return station.crashAt(prng.between(1, 6), prng.pick(['lost', 'unacknowledged']));
      case 'blackout':
        return station.crashAt(prng.between(1, 6), 'lost', true);
      case 'restart':
        await station.drain();
        return prng.chance(768) ? station.start() : undefined;
      case 'broker_away':
        return broker.isUp ? broker.stop() : broker.start();
      case 'stream_lost':
        return broker.streams.lose(prng.pick(['MBOX', 'TX']));
      case 'broker_rolled_back':
        if (prng.chance(512)) this.#goBack = broker.streams.backUp();
        else this.#rollBackBroker();
        return;
      case 'flood':
        this.#flooded = this.#flooded === undefined ? station : undefined;
        return;
      case 'full_stream':
        broker.streams.max_bytes = prng.chance(512) ? 0 : Number.MAX_SAFE_INTEGER;
        return;
      case 'clock':
        return clock.advance(prng.pick([1_000, 31_000, 299_000, 302_000, 700_000]));
      case 'skew':
        station.skew_ms = prng.pick(SKEWS_MS);
        return;
      case 'poison':
        return this.#poison(station);
      case 'resume':
        return station.resumeAll();
      case 'old_mail':
        return this.#repeatOldMail(prng.below(60));
      case 'leap':
        return this.#ledger.tick(prng.chance(100) ? 1_001 : 0);
      case 'wipe':
        return forgetful.lose(new MemoryDisk());
      case 'roll_back':
        return forgetful.lose(forgetful.backup.copy());
    }
  }

  /** Let a few rounds pass: messages arrive, timers fire, nodes that crashed come back, the ledger makes blocks. */
  async #go(rounds: number, most_ms: number): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      this.#flood();
      await new Promise((resolve) => setImmediate(resolve));
      this.#world.clock.advance(this.#prng.between(1, most_ms));
      if (this.#prng.chance(200)) this.#ledger.tick();
      for (const station of this.#stations) {
        if (station.isDark) this.#world.broker.streams.lose('MBOX');
        if (station.hasCrashed || (!station.isUp && this.#prng.chance(100))) await station.restart();
        station.deliverBlocks();
        if (this.#kind === 'forgetful' && this.#prng.chance(40)) station.backUp();
      }
    }
  }

  /** More than a mailbox may hold, of what is refused at a glance. */
  #flood(): void {
    for (const id of this.#flooded?.ids ?? [])
      for (let n = 0; n < 17; n++) this.#world.broker.deliver({ subject: subject.mailbox(id, 'junk'), data: JUNK });
  }

  #poison(station: Station): void {
    const outsider = new Outsider(this.#world, `poisoner ${this.#outsiders++}`);
    const to = signerOf(this.#prng.pick(station.names));
    const items = Array.from({ length: 8 }, () => outsider.item(to, {}, 'test.poison.v1'));
    outsider.send(to, outsider.envelope(items));
  }

  #rollBackBroker(): void {
    const { broker } = this.#world;
    broker.stop();
    this.#goBack();
    broker.start();
  }

  #repeatOldMail(count: number): void {
    for (let n = 0; n < count && this.#archive.length > 0; n++)
      this.#world.broker.deliver(this.#prng.pick(this.#archive));
  }

  /** Some pairs are near the end of their epoch from the start. */
  #wear(): void {
    for (const sender of this.#stations) {
      for (const receiver of this.#stations) {
        for (const from of sender.ids) {
          for (const to of receiver.ids) {
            if (!this.#prng.chance(512)) continue;
            const next = firstOf(epochAt(this.#world.clock.now_ms())) + 2 ** 24 - this.#prng.below(12);
            sender.disk.append([{ type: 'put', key: `channel/${from}/${to}`, value: encode(next) }]);
            receiver.disk.append([{ type: 'put', key: `mark/${to}/${from}`, value: encode(next - 1) }]);
          }
        }
      }
    }
    for (const { disk } of this.#stations) disk.sync();
    this.#count('worn');
  }

  async #heal(): Promise<void> {
    const { broker } = this.#world;
    this.#weather = { drop: 0, duplicate: 0, late: 0, dropAcks: 0 };
    this.#flooded = undefined;
    broker.streams.max_bytes = Number.MAX_SAFE_INTEGER;
    if (!broker.isUp) broker.start();
    for (const station of this.#stations) await station.heal();
  }

  /** Until nothing is on its way any more, or it takes too long. @param withTimers also what waits for its time must be done */
  async #rest(withTimers = true): Promise<boolean> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      await this.#go(1, 200);
      if (round % 16 < 15) continue;
      if (await this.#isQuiet(withTimers)) return true;
      // Poison may still have been on its way.
      for (const station of this.#stations) await station.resumeAll();
    }
    return false;
  }

  async #isQuiet(withTimers: boolean): Promise<boolean> {
    for (const station of this.#stations) if ((await station.unrest(withTimers)).length > 0) return false;
    return true;
  }

  async #judgeKept(): Promise<string[]> {
    const isDelivered = await this.#rest(false);
    // A timer that was set by a clock that ran ahead means that clock's time; nothing else may have waited for it.
    if ((this.#seen['skew'] ?? 0) > 0) this.#world.clock.advance(Math.max(...SKEWS_MS));
    const isQuiet = (await this.#rest()) && isDelivered;
    this.#repeatOldMail(100);
    await this.#go(40, 200);
    const books = await this.#books();
    const wrong = [...books.values()].flatMap(({ faults }) => faults.map(({ text }) => text));
    if (!isQuiet) wrong.push(...(await this.#unrest()));
    const of = (id: string) => this.#nameOf(id);
    for (const [from, { sent, submitted }] of books) {
      for (const [to, count] of Object.entries(sent)) {
        const heard = books.get(to)?.heard[`${from}/0`] ?? 0;
        if (heard !== count)
          wrong.push(`of parcels #1 to #${count} of ${of(from)}, ${of(to)} has those up to #${heard}`);
      }
      const consumed = Number(this.#ledger.lastOf(from));
      if (consumed !== submitted)
        wrong.push(`${of(from)} ordered ${submitted} transactions, the ledger has ${consumed}`);
    }
    const all = [...books.values()];
    const sum = all.reduce((total, { balance }) => total + balance, 0);
    const ended = all.reduce((total, one) => total + one.ended, 0);
    if (sum !== 0) wrong.push(`the sum of all tokens is ${sum}`);
    if (ended !== this.#tokens_count) wrong.push(`${ended} of ${this.#tokens_count} tokens came to their end`);
    for (const station of this.#stations) wrong.push(...(await station.leftovers()));
    return wrong;
  }

  /** Whoever lost nothing was told nothing twice; everybody hears what is sent from now on, once. */
  async #judgeForgetful(): Promise<string[]> {
    const isQuiet = await this.#rest();
    const wrong = isQuiet ? [] : await this.#unrest();
    // The first may pass for another, which a sender that was rolled back has forgotten; from then on it numbers well.
    this.#ping(FIRST_PING);
    if (!(await this.#rest())) wrong.push(...(await this.#unrest()));
    const pinged = this.#ping(2 * FIRST_PING);
    if (!(await this.#rest())) wrong.push(...(await this.#unrest()));
    await this.#go(40, 200);
    const hasLost = (id: string) => this.#stations.some(({ ids, memory }) => memory > 0 && ids.includes(id));
    for (const [id, { pings, faults }] of await this.#books()) {
      for (const [pair, token] of pinged) {
        const [from = '', to] = pair.split(' ');
        const count = pings.filter((one) => one === token).length;
        if (to === id && count !== 1)
          wrong.push(`ping ${token} of ${this.#nameOf(from)} came ${count} times to ${this.#nameOf(id)}`);
      }
      if (hasLost(id)) continue;
      const counting = faults.filter(({ kind, from }) => kind !== 'missing' || !hasLost(from));
      wrong.push(...counting.map(({ text }) => text));
    }
    return wrong;
  }

  /** Everybody sends everybody one more token; answers which, by sender and receiver. */
  #ping(first: number): ReadonlyMap<string, number> {
    const pinged = new Map<string, number>();
    for (const from of this.#names.map(signerOf)) {
      const outsider = new Outsider(this.#world, `pinger ${this.#outsiders++}`);
      const orders = this.#names.map((name) => {
        const [to, token] = [signerOf(name).id, first + pinged.size];
        pinged.set(`${from.id} ${to}`, token);
        return outsider.item(from, { to, token }, 'test.ping.v1');
      });
      outsider.send(from, outsider.envelope(orders));
    }
    return pinged;
  }

  #nameOf(id: string): string {
    return this.#names.find((name) => signerOf(name).id === id) ?? id;
  }

  async #unrest(): Promise<string[]> {
    const all = await Promise.all(this.#stations.map((station) => station.unrest()));
    return ['it does not come to rest', ...all.flat()];
  }

  async #books(): Promise<Map<string, CourierData>> {
    const books = new Map<string, CourierData>();
    for (const station of this.#stations) for (const one of await station.books()) books.set(one.id, one);
    return books;
  }

  #count(what: string): void {
    this.#seen[what] = (this.#seen[what] ?? 0) + 1;
  }
}

const JUNK = new Uint8Array(MAX_MESSAGE_BYTES + 1);
