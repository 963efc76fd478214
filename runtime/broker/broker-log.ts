// What the broker says: kept in a file for its operator, and what it refused counted by code.
import { createWriteStream, type WriteStream } from 'node:fs';
import type { Code } from '#schemas/wire/codes.ts';
import { MAX_BROKER_LOG_BYTES } from '#schemas/wire/limits.ts';

/** How nats-server 2.15 words a refusal in its log. */
const REFUSALS: readonly (readonly [RegExp, Code])[] = [
  [/ - authentication error|Publish Violation|Subscription Violation/, 'BUS_NOT_AUTHORISED'],
  [/maximum payload exceeded/, 'MESSAGE_TOO_LARGE'],
  [/Client parser ERROR/, 'PROTOCOL_INVALID'],
];

export class BrokerLog {
  readonly #file: WriteStream;
  readonly #refusals = new Map<Code, number>();
  #size_bytes = 0;

  /** @param path appended to; one line each, as the broker wrote it */
  constructor(path: string) {
    this.#file = createWriteStream(path, { flags: 'a', mode: 0o600 });
    // A full disk must not take the broker down: its log is then lost, its counts are not.
    this.#file.on('error', () => undefined);
  }

  hear(line: string): void {
    const code = REFUSALS.find(([pattern]) => pattern.test(line))?.[1];
    if (code !== undefined) this.#refusals.set(code, (this.#refusals.get(code) ?? 0) + 1);
    this.#size_bytes += line.length + 1;
    if (this.#size_bytes <= MAX_BROKER_LOG_BYTES) this.#file.write(`${line}\n`);
  }

  /** How often it refused a key, a subject or a message since it was first started here, by code. */
  get refusals(): ReadonlyMap<Code, number> {
    return this.#refusals;
  }

  close(): void {
    this.#file.end();
  }
}
