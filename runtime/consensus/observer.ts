// When a validator must keep silent: it may have spoken at a height that it remembers nothing of.

/**
 * A node whose log is lost, but not its signer record, is silent up to the recorded height. A node that lost both first hears
 * where the others are: a quorum without itself. It may have voted at most one height beyond what one of them has begun, so it
 * is silent up to one beyond the highest. Why one of them has begun it: with itself they are a quorum, which shares f + 1 with the
 * quorum of the commit that it built on; it counts as one of the f that may be faulty, so one of the shared others is correct.
 */
export class Observer {
  /** Last height to be silent at; undefined while it is not known yet. */
  #silent_through: number | undefined;
  readonly #heard = new Map<number, number>();
  readonly #needed: number;

  private constructor(silent_through: number | undefined, needed: number) {
    this.#silent_through = silent_through;
    this.#needed = needed;
  }

  /** Silent up to `height`; 0: not at all. */
  static through(height: number): Observer {
    return new Observer(height, 0);
  }

  /** After a restart: silent at the height of the last own word, if that height is not final here and its log is gone. */
  static after(last_word: { readonly height: number }, tip: { readonly height: number }, hasLog: boolean): Observer {
    const isRemembered = last_word.height <= tip.height || (last_word.height === tip.height + 1 && hasLog);
    return Observer.through(isRemembered ? 0 : last_word.height);
  }

  /** Silent until `needed` others have told their heights. */
  static learning(needed: number): Observer {
    return new Observer(undefined, needed);
  }

  maySpeak(height: number): boolean {
    return this.#silent_through !== undefined && height > this.#silent_through;
  }

  /** Validator `from` has begun `height`, by a word that it said after this node began to listen: an older one says too little. */
  heard(from: number, height: number): void {
    if (this.#silent_through !== undefined) return;
    this.#heard.set(from, Math.max(height, this.#heard.get(from) ?? 0));
    if (this.#heard.size >= this.#needed) this.#silent_through = Math.max(...this.#heard.values()) + 1;
  }
}
