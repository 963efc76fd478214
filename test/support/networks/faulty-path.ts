// A TCP path between one node and one broker that can be slow, lossy, or cut: what a network does, and a broker may.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { createPrng, type Prng } from '#machines/primitives/prng.ts';
import { FrameCutter } from './nats-frames.ts';

/** What the path does to what goes through it. */
export type PathFaults = {
  /** Each message of the node is this late, ms, drawn anew; order is kept. */
  readonly latency_ms: readonly [least: number, most: number];
  /** How many of 1,024 messages are lost, in each direction. */
  readonly lost_of_1024: number;
};

const SOUND: PathFaults = { latency_ms: [0, 0], lost_of_1024: 0 };

export class FaultyPath {
  readonly #server: Server;
  readonly #target: URL;
  readonly #prng: Prng;
  readonly #sockets = new Set<Socket>();
  #faults = SOUND;
  #isCut = false;

  private constructor(target: string, prng: Prng) {
    this.#target = new URL(target);
    this.#prng = prng;
    this.#server = createServer({ noDelay: true }, (client) => this.#join(client));
  }

  /** @param target the broker, nats://host:port @param seed of what is lost and how late the rest is */
  static async open(target: string, seed: number): Promise<FaultyPath> {
    const path = new FaultyPath(target, createPrng(seed));
    path.#server.listen(0, '127.0.0.1');
    await once(path.#server, 'listening');
    return path;
  }

  /** Where the node connects. */
  get url(): string {
    return `nats://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Nothing goes through, and nobody gets in, until it is healed. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  disturb(faults: PathFaults): void {
    this.#faults = faults;
  }

  heal(): void {
    this.#isCut = false;
    this.#faults = SOUND;
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(client: Socket): void {
    if (this.#isCut) return void client.destroy();
    const broker = connect({ host: this.#target.hostname, port: Number(this.#target.port), noDelay: true });
    for (const [socket, other] of [
      [client, broker],
      [broker, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.once('error', () => undefined); // 'close' follows
      socket.once('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    this.#carry(client, broker, () => this.#latency_ms());
    this.#carry(broker, client, () => 0);
  }

  #carry(from: Socket, to: Socket, latency_ms: () => number): void {
    const cutter = new FrameCutter();
    const line = new DelayLine((bytes) => to.destroyed || to.write(bytes));
    const isLost = (): boolean => this.#prng.chance(this.#faults.lost_of_1024);
    from.on('data', (chunk: Buffer) => {
      const kept = cutter.push(chunk).filter(({ isMessage }) => !(isMessage && isLost()));
      if (kept.length > 0) line.push(Buffer.concat(kept.map(({ bytes }) => bytes)), latency_ms());
    });
  }

  #latency_ms(): number {
    return this.#prng.between(...this.#faults.latency_ms);
  }
}

/** Lets everything out late and in the order in which it came. */
class DelayLine {
  readonly #out: (bytes: Buffer) => void;
  readonly #waiting: { readonly bytes: Buffer; readonly due_ms: number }[] = [];

  constructor(out: (bytes: Buffer) => void) {
    this.#out = out;
  }

  push(bytes: Buffer, late_ms: number): void {
    if (late_ms === 0 && this.#waiting.length === 0) return this.#out(bytes);
    this.#waiting.push({ bytes, due_ms: performance.now() + late_ms });
    if (this.#waiting.length === 1) this.#await();
  }

  #await(): void {
    const [first] = this.#waiting;
    if (first === undefined) return;
    setTimeout(() => this.#release(), Math.max(0, first.due_ms - performance.now()));
  }

  #release(): void {
    const first = this.#waiting.shift();
    if (first !== undefined) this.#out(first.bytes);
    this.#await();
  }
}
