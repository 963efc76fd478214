// Tells the oracles and the story what one validator signs, says, decides and forgets; the liars are only listened to.
import type { ConsensusMessage } from '#schemas/consensus/message-codec.ts';
import type { Decided, TurnResult } from '../consensus/turn.ts';
import { type Damage, type Start, startsAfter } from './disk-damage.ts';
import { inWords, type Message } from './message.ts';
import { staleLogRows } from './oracles/log-rows.ts';
import { isCorrect } from './plan.ts';
import type { Execution } from './sim-application.ts';
import type { SometimeName } from './sometimes.ts';
import type { Peer, World } from './world.ts';

/** A height that a batch makes final, with what executing it did where the application is the ledger. */
export type Pending = { readonly decided: Decided; readonly execution: Execution | undefined };

export class Witness {
  readonly #world: World;
  readonly #who: Peer;
  /** Whether it is held to the rules. */
  readonly #isCorrect: boolean;
  /** Its words, as far as its disk remembers; kept where its key runs twice. */
  readonly #said = new Set<string>();
  /** A word of its own key that it never said. */
  #foreign: string | undefined;

  constructor(world: World, who: Peer) {
    this.#world = world;
    this.#who = who;
    this.#isCorrect = isCorrect(world.plan, who.validator);
  }

  /** From now on its votes may be part of a quorum, whether or not they leave. */
  signed({ words }: TurnResult): void {
    for (const word of words) if (word.type === 'vote') this.#world.votes.signed(word.vote);
  }

  said(message: ConsensusMessage): void {
    this.#world.tell?.(this.#who.id, `says ${inWords(message)}`);
    if (this.#isTwice) this.#holdToKey(message);
    if (this.#isCorrect && message.type === 'vote') this.#world.votes.spoken(message.vote);
    if (this.#isCorrect && message.type === 'proposal') this.#world.votes.proposed(message.proposal);
  }

  /** A word of its own key reached it while it worked on that height and was not silent. */
  heardOwnKey(message: Message): void {
    const word = inWords(message);
    if (!this.#isTwice || this.#said.has(word)) return;
    this.sees('key_heard_twice');
    this.#foreign ??= word;
  }

  /** How it started over its store, after what had happened to that. */
  started(damage: Damage, wasStruck: boolean, start: Start): void {
    this.tells(`${start} after ${damage}`);
    if (start === 'observes') this.sees('observed_after_damage');
    if (start === 'refuses') this.sees('refused_damage');
    const stated: readonly Start[] = wasStruck ? startsAfter(damage) : ['goes on'];
    if (!stated.includes(start)) this.#world.report('damage', this.#who.validator, `${start} after ${damage}`);
  }

  crashed(down_ms: number, position: string): void {
    this.tells(`crashes for ${down_ms} ms at ${position}`);
    if (this.#isCorrect) this.#world.forks?.crashed(this.#who.validator);
  }

  /** It goes on from this height; before the crash it was at `before`. */
  restarted(height: number, before: number): void {
    this.tells(`starts at height ${height + 1}`);
    if (height < before) this.sees('decision_lost');
    if (this.#isCorrect) this.#world.forks?.restarted(this.#who.validator, height);
  }

  /** It stands at a height whose blocks it never had. */
  tookUp({ height, epoch }: { readonly height: number; readonly epoch: number }): void {
    this.tells(`takes up the state of height ${height}`);
    this.#world.chain.tookUp(this.#who.validator, height);
    this.sees('snapshot_taken');
    if (epoch > 0) this.sees('snapshot_of_later_set');
  }

  get #isTwice(): boolean {
    return this.#world.plan.twice?.node === this.#who.validator;
  }

  #holdToKey(message: ConsensusMessage): void {
    if (message.type !== 'vote' && message.type !== 'proposal') return;
    this.#said.add(inWords(message));
    if (this.#foreign !== undefined) this.#world.report('key_twice', this.#who.validator, this.#foreign);
  }

  /** These heights are written with everything that belongs to them; `keys` are the disk's. */
  decided(pending: readonly Pending[], keys: Iterable<string>): void {
    for (const { decided, execution } of pending) {
      const { height, final, state_root, votes } = decided;
      const id = final.certificate.value ?? '';
      this.#world.trace.text(id);
      this.#world.tell?.(this.#who.id, `decides ${id.slice(0, 8)} at height ${height}`);
      if (!this.#isCorrect) continue;
      this.#world.chain.decided(this.#who.validator, { height, id, state_root, final });
      this.#world.forks?.decided(this.#who.validator, height, { id, votes });
      if (execution !== undefined) this.#world.executed(execution, final);
    }
    const stale = staleLogRows(keys, pending.at(-1)?.decided.height ?? 0);
    if (stale.length > 0) this.#world.report('bounds', this.#who.validator, `still there: ${stale.join(' ')}`);
  }

  /** What else came out of a turn that an honest network never sees. */
  found({ evidence, halt }: TurnResult): void {
    if (!this.#isCorrect) return;
    for (const each of evidence) this.#world.accused(this.#who.validator, each);
    if (halt?.code === 'KEY_IN_USE_TWICE' && this.#isTwice) return;
    if (halt?.conflict !== undefined && this.#world.forks !== undefined)
      this.#world.forks.stopped(this.#who.validator, halt.conflict);
    else if (halt !== undefined) this.#world.report('halted', this.#who.validator, `${halt.code}: ${halt.detail}`);
  }

  /** Equal, byte for byte, where the disk had everything (docs/simulator.md, "What is checked"). */
  replayed(before: string, after: string, height: number): void {
    if (!this.#isCorrect || before === after) return;
    this.#world.report('replay', this.#who.validator, `at height ${height}`);
  }

  threw(error: unknown): void {
    if (this.#isCorrect) this.#world.report('threw', this.#who.validator, String(error));
  }

  sees(name: SometimeName): void {
    if (this.#isCorrect) this.#world.sees(name);
  }

  tells(what: string): void {
    this.#world.tell?.(this.#who.id, what);
  }
}
