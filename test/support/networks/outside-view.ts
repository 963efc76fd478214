// A live network seen from outside: heights by its nodes' metrics, blocks by the range protocol, money by the gateway's API.

import type { Bus } from '#runtime/bus/bus.ts';
import { connectBus } from '#runtime/bus/jetstream-bus.ts';
import { sha256 } from '#runtime/keys/sha256.ts';
import { ConsoleClient } from '#runtime/network/console-client.ts';
import { decodeHeader } from '#schemas/consensus/block-codec.ts';
import { decodeConsensusMessage, encodeConsensusMessage } from '#schemas/consensus/message-codec.ts';
import type { FinalBlock } from '#schemas/consensus/types.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { until } from '../until.ts';
import type { ValidatorNodes } from './validator-nodes.ts';

/** Time for one answer, ms: the machine is busy. */
const ANSWER_MS = 5_000;
const PATIENT_MS = 60_000;
/** How long a gateway may be away, ms. */
const GATEWAY_PATIENCE = { ms: 60_000 };

export class OutsideView {
  readonly #nodes: ValidatorNodes;
  readonly #bus: Bus;

  private constructor(nodes: ValidatorNodes, bus: Bus) {
    this.#nodes = nodes;
    this.#bus = bus;
  }

  static async open(nodes: ValidatorNodes): Promise<OutsideView> {
    const bus = await connectBus({ url: nodes.url, signer: nodes.client, onRefused: () => undefined });
    return new OutsideView(nodes, bus);
  }

  close = (): Promise<void> => this.#bus.close();

  async gateway(name: string): Promise<ConsoleClient> {
    return new ConsoleClient(await this.#nodes.process(name).ready, GATEWAY_PATIENCE);
  }

  /** The last height that is final at a validator. */
  async height(name: string): Promise<number> {
    const url = `${await this.#nodes.process(name).ready}/metrics`;
    const text = await (await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) })).text();
    return Number(/^sortition_consensus_height\S* (\d+)/m.exec(text)?.[1] ?? 0);
  }

  async heights(names: readonly string[]): Promise<number[]> {
    const one = (name: string) => until(() => this.height(name), PATIENT_MS, `${name} tells its height`);
    return Promise.all(names.map(one));
  }

  /** Resolves when all of them have decided `height`. Asks one after the other: fifty that are asked all the time do little else. */
  async reached(names: readonly string[], height: number, within_ms: number): Promise<void> {
    const end_ms = performance.now() + within_ms;
    for (const name of names) {
      const has = async (): Promise<boolean> => (await this.height(name)) >= height;
      await until(has, end_ms - performance.now(), `${name} reaches height ${height}`);
    }
  }

  /** Ids of a validator's blocks up to `height`, as it serves them: each by the hash of its header, certified, on the one before. */
  async chain(id: string, height: number): Promise<string[]> {
    const ids: string[] = [];
    while (ids.length < height) {
      const blocks = await until(() => this.#range(id, ids.length + 1, height), PATIENT_MS, `${id} serves its blocks`);
      for (const block of blocks) ids.push(linked(block, ids));
    }
    return ids;
  }

  async #range(id: string, first_height: number, last_height: number): Promise<readonly FinalBlock[] | undefined> {
    const request = encodeConsensusMessage({ type: 'range.request', first_height, last_height, offset_bytes: 0 });
    const answer = decodeConsensusMessage(await this.#bus.request(subject.sync(id), request, ANSWER_MS));
    return answer.ok && answer.value.type === 'range' && answer.value.blocks.length > 0
      ? answer.value.blocks
      : undefined;
  }
}

function linked({ block, certificate }: FinalBlock, before: readonly string[]): string {
  const id = Buffer.from(sha256(block.header)).toString('hex');
  const header = decodeHeader(block.header);
  if (!header.ok) throw new Error(`the header at height ${before.length + 1} cannot be read`);
  const { height, previous } = header.value;
  const isNext = height === before.length + 1 && previous === (before.at(-1) ?? '0'.repeat(64));
  if (!isNext || certificate.value !== id) throw new Error(`height ${height} is not certified on the one before`);
  return id;
}
