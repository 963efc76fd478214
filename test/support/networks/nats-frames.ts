// Cuts what travels between a NATS client and its server into whole messages, so that a path can lose one without breaking the rest.

/** Whole messages to a client or to a server; everything else (PING, INFO, SUB …) is said by the connection itself. */
const MESSAGE = /^(?:PUB|HPUB|MSG|HMSG) /;

export type Frame = { readonly bytes: Buffer; readonly isMessage: boolean };

export class FrameCutter {
  #rest: Buffer = Buffer.alloc(0);

  /** The frames that are whole now; what is left waits for more. */
  push(chunk: Buffer): Frame[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: Frame[] = [];
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame);
    return frames;
  }

  #next(): Frame | undefined {
    const end = this.#rest.indexOf('\r\n');
    if (end < 0) return undefined;
    const line = this.#rest.toString('latin1', 0, end);
    const isMessage = MESSAGE.test(line);
    // The last word of a message's line is the size of what follows it.
    const size = end + 2 + (isMessage ? Number(line.slice(line.lastIndexOf(' ') + 1)) + 2 : 0);
    if (this.#rest.length < size) return undefined;
    const bytes = this.#rest.subarray(0, size);
    this.#rest = this.#rest.subarray(size);
    return { bytes, isMessage };
  }
}
