// The turn: hear → apply → write once → speak. Nothing leaves before what it rests on is on disk.
import assert from 'node:assert/strict';
import { frozen } from './advance.ts';
import { applyEvents } from './apply.ts';
import { hear } from './hear.ts';
import type { HostOptions } from './ports.ts';
import type { Actor } from './residents.ts';
import { row } from './rows.ts';
import { newTurn, type Parts, type Turn } from './turn.ts';
import { Voice } from './voice.ts';

/** Runs turns, one at a time. After a StoreError memory is ahead of the disk, and the process must end. */
export class TurnRunner {
  readonly #options: HostOptions;
  readonly #parts: Parts;
  readonly #life_ms: number;
  readonly #voice: Voice;

  /** @param life_ms when this host started: higher in each life */
  constructor(options: HostOptions, parts: Parts, life_ms: number) {
    this.#options = options;
    this.#parts = parts;
    this.#life_ms = life_ms;
    this.#voice = new Voice(parts, options.chain, life_ms);
  }

  /** When a turn has something to do, ms: in the past when it has already; Infinity: not before an input comes. */
  nextDue_ms(now_ms: number): number {
    const { inbox, timers, watermarks, outbox, submits } = this.#parts;
    if (inbox.count > 0) return 0;
    return Math.min(
      timers.nextDue_ms(),
      watermarks.nextDue_ms(),
      outbox.nextRepeat_ms(now_ms),
      submits.nextRepeat_ms(now_ms),
    );
  }

  /** @throws StoreError */
  async run(): Promise<void> {
    const started_ms = performance.now();
    const turn = newTurn(this.#options.clock.now_ms());
    await hear(this.#parts, this.#options.chain, turn);
    await this.#carryOut(turn);
    this.#measure((performance.now() - started_ms) / 1_000);
  }

  /** Create an actor that was never here: its first state, and the event that says so. @throws StoreError */
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
    turn.heard.set(actor, [{ event: { type: 'actor.started', now_ms: turn.now_ms }, trace: '' }]);
    await this.#carryOut(turn);
  }

  /** The last act before a stop: write what could wait, tell every sender how far we are, let publishes end. @throws StoreError */
  async finish(): Promise<void> {
    const turn = newTurn(this.#options.clock.now_ms());
    turn.changes.put(row.life, this.#life_ms);
    await this.#write(turn);
    this.#parts.watermarks.remindAll(turn.now_ms);
    this.#voice.acknowledge(turn.now_ms);
    await this.#voice.fallSilent();
  }

  async #carryOut(turn: Turn): Promise<void> {
    for (const [actor, heard] of turn.heard) applyEvents(this.#parts, this.#options, actor, heard, turn);
    await this.#write(turn);
    for (const act of turn.after) act();
    await this.#voice.speak(turn.now_ms);
    this.#parts.residents.evict();
  }

  /** One synced batch; none at all where nothing changed. The feed comes last: it adds its height to what is written anyway. */
  async #write({ now_ms, changes }: Turn): Promise<void> {
    const { submits, watermarks, outbox, feed } = this.#parts;
    submits.tend(now_ms, changes);
    submits.write(changes);
    watermarks.write(changes);
    outbox.write(changes);
    feed.write(changes);
    if (changes.ops.length > 0) await this.#options.store.batch(changes.ops);
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
