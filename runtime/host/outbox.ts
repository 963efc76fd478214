// Messages to other actors: rows until the receiver's synced watermark covers them, repeated until then.
// The broker is not trusted to keep anything: what it loses is sent again, what it repeats is refused by counter.
import assert from 'node:assert/strict';
import { z } from 'zod';
import type { HostAckV1 } from '#schemas/node/host-ack.ts';
import type { EnvelopeItem } from '#schemas/wire/envelope.ts';
import { MAX_CHANNEL_IN_FLIGHT, RETRY_MAX_MS, RETRY_MIN_MS } from '#schemas/wire/limits.ts';
import type { Store, StoreOp } from '../store/store.ts';
import {
  type Bundle,
  BundleRow,
  type Channel,
  hasRoom,
  isIdle,
  isOver,
  last,
  lastOf,
  type Message,
  newChannel,
  nextBundles,
  toBundle,
  toItems,
} from './channel.ts';
import { epochAt, epochOf, firstOf, isCredible, isFirst, isWorn } from './counter.ts';
import { type Changes, parseRow, readTable, row } from './rows.ts';

/** Acknowledged rows that wait for a batch to be deleted in: their deletion is not worth a sync of its own. */
const MAX_PENDING_DELETES = 4_096;

export class Outbox {
  readonly #store: Store;
  readonly #channels = new Map<string, Map<string, Channel>>();
  /** Bundles of the turn under way. */
  readonly #fresh = new Map<Channel, Bundle[]>();
  /** Channels that may have something to publish. */
  readonly #ready = new Set<Channel>();
  /** Channels that wait for an acknowledgement. */
  readonly #waiting = new Set<Channel>();
  /** Channels that were numbered anew in the turn under way: their rows are not on disk yet. */
  readonly #anew = new Set<Channel>();
  #deletes: StoreOp[] = [];
  /** Rows on disk, over all channels. */
  #rows_count = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  get rows_count(): number {
    return this.#rows_count;
  }

  async load(now_ms: number): Promise<void> {
    for await (const [[sender = '', receiver = ''], next] of readTable(this.#store, 'channel', 2, z.int())) {
      const channel = this.#channel(sender, receiver, now_ms);
      channel.next = channel.born = next;
      channel.acked = channel.sent = channel.loaded = next - 1;
    }
    for await (const [[sender = '', receiver = ''], life_ms] of readTable(this.#store, 'peer-life', 2, z.int()))
      this.#channel(sender, receiver, now_ms).life_ms = life_ms;
    for await (const [[sender = '', receiver = '', first = ''], stored] of readTable(
      this.#store,
      'outbox',
      3,
      BundleRow,
    )) {
      const channel = this.#channel(sender, receiver, now_ms);
      if (channel.bundles.length === 0) channel.acked = channel.sent = channel.loaded = Number(first) - 1;
      this.#rows_count++;
      this.#keep(channel, toBundle(Number(first), stored));
      this.#ready.add(channel);
    }
  }

  /** Give a message its counter; it is on disk after `write`. */
  append(sender: string, receiver: string, trace: string, message: Message, now_ms: number): void {
    const channel = this.#channel(sender, receiver, now_ms);
    if (isWorn(channel.next) && isIdle(channel)) this.#renumber(channel, now_ms);
    let fresh = this.#fresh.get(channel);
    if (fresh === undefined) this.#fresh.set(channel, (fresh = []));
    let bundle = fresh.at(-1);
    if (bundle === undefined || bundle.trace !== trace || !hasRoom(bundle, message))
      fresh.push((bundle = { first: channel.next, trace, messages: [], size_bytes: 0 }));
    bundle.messages.push(message);
    bundle.size_bytes += message[1].length;
    channel.next++;
  }

  /** Rows of the turn. */
  write(changes: Changes): void {
    for (const [channel, bundles] of this.#fresh) {
      for (const bundle of bundles) this.#writeBundle(channel, bundle, changes);
      changes.put(row.channel(channel.sender, channel.receiver), channel.next);
      this.#ready.add(channel);
    }
    this.#fresh.clear();
    this.#anew.clear();
    if (changes.ops.length === 0 && this.#deletes.length < MAX_PENDING_DELETES) return;
    changes.ops.unshift(...this.#deletes);
    this.#deletes = [];
  }

  /** What the receiver says it has. Rows below go; a receiver or a sender that has lost its state begins a new epoch. */
  async acknowledge(sender: string, receiver: string, ack: HostAckV1, now_ms: number, changes: Changes): Promise<void> {
    const channel = this.#channel(sender, receiver, now_ms);
    // What we gave out ourselves is credible also where our clock was set back.
    if (ack.watermark >= channel.next && !isCredible(ack.watermark, now_ms)) return;
    // Of two that say the same in one turn the first is enough; whoever is right says it again.
    if (ack.life_ms < channel.life_ms || this.#anew.has(channel)) return;
    const isNewLife = ack.life_ms > channel.life_ms;
    channel.life_ms = ack.life_ms;
    // No later than the deletion of what this life has: see channel.ts.
    if (isNewLife) changes.put(row.peerLife(sender, receiver), ack.life_ms);
    const weLostState = ack.watermark >= channel.next;
    // Who knows less than the first number of an epoch needs no new one: it takes that number, and may have by now.
    const theyLostState = isNewLife && ack.watermark < channel.acked && !isFirst(channel.acked + 1);
    if (weLostState || theyLostState) return this.#startOver(channel, ack.watermark, now_ms, changes);
    this.#forget(channel, ack.watermark);
    if (ack.is_busy) this.slowDown(channel, now_ms);
    else if (isNewLife) this.#repeat(channel, now_ms);
  }

  /** Envelopes' worth of messages that may leave now, channel by channel. */
  async *publishable(
    now_ms: number,
  ): AsyncIterable<{ readonly channel: Channel; readonly trace: string; readonly items: EnvelopeItem[] }> {
    for (const channel of this.#ready) {
      this.#ready.delete(channel);
      await this.#refill(channel);
      for (let bundles = nextBundles(channel); bundles.length > 0; bundles = nextBundles(channel)) {
        channel.sent = lastOf(bundles, channel.sent);
        yield { channel, trace: bundles[0]?.trace ?? '', items: bundles.flatMap((bundle) => toItems(channel, bundle)) };
      }
      if (channel.bundles.length > 0 && !this.#waiting.has(channel)) this.#await(channel, now_ms);
    }
  }

  /** Channels whose receiver was silent for too long send again. */
  repeatDue(now_ms: number): void {
    for (const channel of this.#waiting) {
      if (!isOver(channel.retry_at_ms, now_ms)) continue;
      this.#repeat(channel, now_ms);
      this.slowDown(channel, now_ms);
    }
  }

  /** The connection was lost and is back: what was on its way may be gone. */
  repeatAll(senders: ReadonlySet<string>, now_ms: number): void {
    for (const channel of this.#waiting) if (senders.has(channel.sender)) this.#repeat(channel, now_ms);
  }

  /** The broker or the receiver has no room: repeat later rather than sooner. */
  slowDown(channel: Channel, now_ms: number): void {
    channel.pause_ms = Math.min(channel.pause_ms * 2, RETRY_MAX_MS);
    channel.retry_at_ms = now_ms + channel.pause_ms;
  }

  nextRepeat_ms(now_ms: number): number {
    let least = Infinity;
    for (const { retry_at_ms } of this.#waiting)
      least = Math.min(least, isOver(retry_at_ms, now_ms) ? now_ms : retry_at_ms);
    return least;
  }

  of(sender: string): readonly { readonly to: string; readonly count: number }[] {
    const channels = [...(this.#channels.get(sender)?.values() ?? [])];
    return channels.filter((c) => c.acked < c.next - 1).map((c) => ({ to: c.receiver, count: c.next - 1 - c.acked }));
  }

  #writeBundle(channel: Channel, bundle: Bundle, changes: Changes): void {
    changes.put(row.outbox(channel.sender, channel.receiver, bundle.first), {
      trace: bundle.trace,
      messages: bundle.messages,
    });
    this.#rows_count++;
    this.#keep(channel, bundle);
  }

  /** In memory while the window has room and nothing older is only on disk. */
  #keep(channel: Channel, bundle: Bundle): void {
    if (bundle.first !== channel.loaded + 1 || bundle.first - channel.acked > MAX_CHANNEL_IN_FLIGHT) return;
    channel.bundles.push(bundle);
    channel.loaded = last(bundle);
  }

  /** Read on from disk where memory ends and the window has room again. */
  async #refill(channel: Channel): Promise<void> {
    if (channel.loaded === channel.next - 1 || channel.loaded - channel.acked > MAX_CHANNEL_IN_FLIGHT / 2) return;
    const prefix = row.outboxOf(channel.sender, channel.receiver);
    const after = row.outbox(channel.sender, channel.receiver, channel.loaded);
    for await (const [key, bytes] of this.#store.scan(prefix, { after })) {
      const before = channel.loaded;
      const bundle = toBundle(Number(key.slice(prefix.length)), parseRow(key, BundleRow, bytes));
      if (last(bundle) <= channel.acked) this.#drop(channel, bundle);
      else this.#keep(channel, bundle);
      if (channel.loaded === before) return;
    }
  }

  /** An acknowledged row goes with the next batch. */
  #drop(channel: Channel, bundle: Bundle): void {
    channel.loaded = Math.max(channel.loaded, last(bundle));
    this.#rows_count--;
    this.#deletes.push({ type: 'del', key: row.outbox(channel.sender, channel.receiver, bundle.first) });
  }

  #forget(channel: Channel, watermark: number): void {
    if (watermark <= channel.acked) return;
    channel.acked = watermark;
    channel.sent = Math.max(channel.sent, watermark);
    for (let first = channel.bundles[0]; first !== undefined && last(first) <= watermark; first = channel.bundles[0]) {
      channel.bundles.shift();
      this.#drop(channel, first);
    }
    this.#waiting.delete(channel);
    channel.pause_ms = RETRY_MIN_MS;
    if (!isIdle(channel)) this.#ready.add(channel);
  }

  #repeat(channel: Channel, now_ms: number): void {
    channel.sent = channel.acked;
    channel.retry_at_ms = now_ms + channel.pause_ms;
    this.#ready.add(channel);
  }

  #await(channel: Channel, now_ms: number): void {
    channel.retry_at_ms = now_ms + channel.pause_ms;
    this.#waiting.add(channel);
  }

  /**
   * Number the unacknowledged messages anew, in an epoch above all that either side has seen. Those that an older life of
   * ours wrote and the receiver has (we were restored from a backup) are done; those of this life it cannot have.
   */
  async #startOver(channel: Channel, watermark: number, now_ms: number, changes: Changes): Promise<void> {
    const left = (await this.#takeRows(channel, changes)).filter((b) => b.first >= channel.born || last(b) > watermark);
    this.#anew.add(channel);
    channel.next = Math.max(channel.next, watermark + 1);
    this.#renumber(channel, now_ms);
    for (const bundle of left) {
      bundle.first = channel.next;
      channel.next += bundle.messages.length;
      this.#writeBundle(channel, bundle, changes);
    }
    changes.put(row.channel(channel.sender, channel.receiver), channel.next);
    this.#ready.add(channel);
  }

  /** The unacknowledged bundles of a channel, from disk, taken off. */
  async #takeRows(channel: Channel, changes: Changes): Promise<Bundle[]> {
    const prefix = row.outboxOf(channel.sender, channel.receiver);
    const rows: Bundle[] = [];
    for await (const [key, bytes] of this.#store.scan(prefix)) {
      const bundle = toBundle(Number(key.slice(prefix.length)), parseRow(key, BundleRow, bytes));
      if (last(bundle) > channel.acked) rows.push(bundle);
      // The others are counted no more, unless they were never read.
      if (last(bundle) > channel.acked || bundle.first > channel.loaded) this.#rows_count--;
      changes.del(key);
    }
    return rows;
  }

  /** Begin an epoch; nothing unacknowledged may be left in the old one. */
  #renumber(channel: Channel, now_ms: number): void {
    channel.next = firstOf(Math.max(epochAt(now_ms), epochOf(channel.next) + 1));
    channel.acked = channel.sent = channel.loaded = channel.next - 1;
    channel.born = channel.next;
    channel.bundles = [];
    assert(Number.isSafeInteger(channel.next), 'epochs are used up');
  }

  #channel(sender: string, receiver: string, now_ms: number): Channel {
    let byReceiver = this.#channels.get(sender);
    if (byReceiver === undefined) this.#channels.set(sender, (byReceiver = new Map()));
    let channel = byReceiver.get(receiver);
    if (channel === undefined) byReceiver.set(receiver, (channel = newChannel(sender, receiver, now_ms)));
    return channel;
  }
}
