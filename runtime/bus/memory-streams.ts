// What the streams of the in-memory broker hold.
import { MAX_STREAM_BYTES } from '#schemas/wire/limits.ts';
import type { Delivery } from './bus.ts';
import { BusError } from './bus-error.ts';
import { matches, STREAMS, type StreamName, streamOf } from './streams.ts';

type Kept = { readonly seq: number; readonly delivery: Delivery };

/** All streams of a broker. Nothing ages: there is no clock here, and what is kept of one subject is bounded. */
export class MemoryStreams {
  /** Room of each stream, bytes. */
  max_bytes = MAX_STREAM_BYTES;
  readonly #streams = new Map<StreamName, KeptStream>();

  /** Keeps it if a stream captures it, and answers as the stream does. @throws BusError BUS_BUSY */
  keep(delivery: Delivery): { readonly stream: string; readonly seq: number } | undefined {
    const name = streamOf(delivery.subject);
    if (name === undefined) return undefined;
    const stream = this.#streams.get(name) ?? new KeptStream(STREAMS[name].max_msgs_per_subject);
    this.#streams.set(name, stream);
    if (stream.bytes + delivery.data.length > this.max_bytes) throw new BusError('BUS_BUSY', delivery.subject, 'full');
    return { stream: name, seq: stream.add(delivery) };
  }

  /** What is kept of the pattern, oldest first. */
  kept(pattern: string): Delivery[] {
    const name = streamOf(pattern);
    return (name && this.#streams.get(name)?.matching(pattern)) ?? [];
  }

  /** Forgets what the stream held and its sequence. */
  lose(name: StreamName): void {
    this.#streams.delete(name);
  }

  /** Takes a copy; the answer goes back to it, as a broker does whose disk was restored. */
  backUp(): () => void {
    const copy = [...this.#streams].map(([name, stream]) => [name, stream.copy()] as const);
    return () => {
      this.#streams.clear();
      for (const [name, stream] of copy) this.#streams.set(name, stream.copy());
    };
  }

  /** Forgets what a restarted broker forgets. */
  loseMemory(): void {
    for (const name of this.#streams.keys()) if (STREAMS[name].storage === 'memory') this.lose(name);
  }
}

/** Messages of a stream: the newest few of each subject. */
class KeptStream {
  readonly #perSubject: number;
  readonly #bySubject = new Map<string, Kept[]>();
  #seq = 0;
  #bytes = 0;

  constructor(perSubject: number) {
    this.#perSubject = perSubject;
  }

  get bytes(): number {
    return this.#bytes;
  }

  copy(): KeptStream {
    const copy = new KeptStream(this.#perSubject);
    for (const [subject, ring] of this.#bySubject) copy.#bySubject.set(subject, [...ring]);
    copy.#seq = this.#seq;
    copy.#bytes = this.#bytes;
    return copy;
  }

  add(delivery: Delivery): number {
    const ring = this.#bySubject.get(delivery.subject) ?? [];
    this.#bySubject.set(delivery.subject, ring);
    ring.push({ seq: ++this.#seq, delivery });
    this.#bytes += delivery.data.length;
    if (ring.length > this.#perSubject) this.#bytes -= ring.shift()?.delivery.data.length ?? 0;
    return this.#seq;
  }

  matching(pattern: string): Delivery[] {
    const rings = [...this.#bySubject].filter(([subject]) => matches(pattern, subject)).flatMap(([, ring]) => ring);
    return rings.toSorted((a, b) => a.seq - b.seq).map((kept) => kept.delivery);
  }
}
