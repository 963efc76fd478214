// When a validator must keep silent: it may have spoken at a height that it remembers nothing of.
import { type Electorate, totalPower } from '#machines/consensus/electorate.ts';
import { type PositionAnswer, refusePosition } from '#machines/consensus/position-rules.ts';
import type { Code } from '#schemas/wire/codes.ts';

/** What a validator that forgot everything asks the others. */
export type Question = {
  /** Random, of this start of the process: an answer that has it was given after it began to ask. */
  readonly nonce: Uint8Array;
  /** Key id of who asks. */
  readonly self: string;
  /** Whose votes count at a height and in an epoch, as far as this node has come. */
  readonly electorate: (height: number, epoch: number | undefined) => Electorate | undefined;
};

/** What a quorum of this epoch's set has told: to be silent up to this height. */
type Lesson = { readonly epoch: number; readonly silent_through: number };

/**
 * A node whose log is lost, but not its signer record, is silent up to the recorded height. A node that lost both first asks
 * where the others are: a quorum without itself. It may have voted at most one height beyond what one of them has begun, so it
 * is silent up to one beyond the highest. Why one of them has begun it: with itself they are a quorum, which shares f + 1 with the
 * quorum of the commit that it built on; it counts as one of the f that may be faulty, so one of the shared others is correct.
 *
 * That holds where the commit is of the set that was asked. So what a set tells counts in its own epoch alone, and not for the
 * epoch's first height, which builds on a commit of the set before: a node that comes to a later epoch asks that one's set.
 *
 * An old answer would say too little, and end the silence early: hence the nonce. A false one could say too much, and never end it:
 * hence the certificate. What others say unasked counts for nothing here.
 */
export class Observer {
  /** Last height to be silent at; undefined while others have to tell. */
  #silent_through: number | undefined;
  readonly #question: Question | undefined;
  /** Height that each of the others has begun, by key id. */
  readonly #heard = new Map<string, number>();
  #lesson: Lesson | undefined;

  private constructor(silent_through: number | undefined, question: Question | undefined) {
    this.#silent_through = silent_through;
    this.#question = question;
  }

  /** Silent up to `height`; 0: not at all. */
  static through(height: number): Observer {
    return new Observer(height, undefined);
  }

  /** After a restart: silent at the height of the last own word, if that height is not final here and the log does not hold the word. */
  static after(last_word: { readonly height: number }, tip: { readonly height: number }, isInLog: boolean): Observer {
    const isRemembered = last_word.height <= tip.height || (last_word.height === tip.height + 1 && isInLog);
    return Observer.through(isRemembered ? 0 : last_word.height);
  }

  /** Silent until enough others have answered where they are. */
  static asking(question: Question): Observer {
    return new Observer(undefined, question);
  }

  /** @param height the one that is being worked on here */
  maySpeak(height: number): boolean {
    if (this.#silent_through !== undefined) return height > this.#silent_through;
    const lesson = this.#learn(height);
    if (lesson === undefined || height <= lesson.silent_through) return false;
    this.#silent_through = lesson.silent_through;
    this.#heard.clear();
    return true;
  }

  /** What to ask the others, again and again; undefined once it has spoken. */
  get nonce(): Uint8Array | undefined {
    return this.#silent_through === undefined ? this.#question?.nonce : undefined;
  }

  /** An answer; null, or why it is refused. Of heights that this node knows no set of yet it says nothing: it is asked again. */
  hear(answer: PositionAnswer): Code | null {
    const { nonce } = this;
    if (nonce === undefined || this.#question === undefined) return null;
    const { position, certificate } = answer;
    const electorate = this.#question.electorate(position.height, position.epoch);
    const deciding = this.#question.electorate(position.height - 1, certificate?.votes[0]?.epoch);
    if (electorate === undefined || deciding === undefined) return null;
    const code = refusePosition(electorate, deciding, answer, nonce);
    if (code !== null) return code;
    const { validator, height } = position;
    this.#heard.set(validator, Math.max(height, this.#heard.get(validator) ?? 0));
    return null;
  }

  /** What the set of this height's epoch has told; once it has, later answers change nothing. */
  #learn(height: number): Lesson | undefined {
    const { electorate, self } = this.#question ?? {};
    const present = electorate?.(height, undefined);
    if (present === undefined || this.#lesson?.epoch === present.epoch) return this.#lesson;
    const { epoch, first_height, validators, quorum } = present;
    const others = validators.filter(({ id }) => id !== self && this.#heard.has(id));
    const own = validators.filter(({ id }) => id === self);
    const highest = Math.max(...others.map(({ id }) => this.#heard.get(id) ?? 0));
    const isTold = totalPower(others) + totalPower(own) >= quorum;
    this.#lesson = isTold ? { epoch, silent_through: Math.max(highest + 1, first_height) } : undefined;
    return this.#lesson;
  }
}
