// When a validator must keep silent: it may have spoken at a height that it remembers nothing of.
import type { Electorate } from '#machines/consensus/certificate-rules.ts';
import { type PositionAnswer, refusePosition } from '#machines/consensus/position-rules.ts';
import type { Code } from '#schemas/wire/codes.ts';

/** What a validator that forgot everything asks the others. */
export type Question = {
  /** Random, of this start of the process: an answer that has it was given after it began to ask. */
  readonly nonce: Uint8Array;
  readonly electorate: Electorate;
  /** Key id of who asks. */
  readonly self: string;
};

/**
 * A node whose log is lost, but not its signer record, is silent up to the recorded height. A node that lost both first asks
 * where the others are: a quorum without itself. It may have voted at most one height beyond what one of them has begun, so it
 * is silent up to one beyond the highest. Why one of them has begun it: with itself they are a quorum, which shares f + 1 with the
 * quorum of the commit that it built on; it counts as one of the f that may be faulty, so one of the shared others is correct.
 *
 * An old answer would say too little, and end the silence early: hence the nonce. A false one could say too much, and never end it:
 * hence the certificate. What others say unasked counts for nothing here.
 */
export class Observer {
  /** Last height to be silent at; undefined while it is not known yet. */
  #silent_through: number | undefined;
  readonly #question: Question | undefined;
  /** Height that each of the others has begun, by key id. */
  readonly #heard = new Map<string, number>();

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

  maySpeak(height: number): boolean {
    return this.#silent_through !== undefined && height > this.#silent_through;
  }

  /** What to ask the others, again and again; undefined once it is known how long to be silent. */
  get nonce(): Uint8Array | undefined {
    return this.#silent_through === undefined ? this.#question?.nonce : undefined;
  }

  /** An answer; null, or why it is refused. */
  hear(answer: PositionAnswer): Code | null {
    const { nonce } = this;
    if (nonce === undefined || this.#question === undefined) return null;
    const { electorate, self } = this.#question;
    const code = refusePosition(electorate, answer, nonce);
    if (code !== null) return code;
    const { validator, height } = answer.position;
    if (validator !== self) this.#heard.set(validator, Math.max(height, this.#heard.get(validator) ?? 0));
    if (this.#power >= electorate.quorum) this.#silent_through = Math.max(...this.#heard.values()) + 1;
    return null;
  }

  /** Of those that answered, and of who asks. */
  get #power(): number {
    const { electorate, self } = this.#question as Question;
    const counts = (id: string): boolean => id === self || this.#heard.has(id);
    return electorate.validators.reduce((sum, { id, power }) => sum + (counts(id) ? power : 0), 0);
  }
}
