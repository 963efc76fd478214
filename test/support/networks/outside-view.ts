// A live network seen from outside: heights by its nodes' metrics, blocks by the range protocol, money by the gateway's API.

import type { Bus } from '#runtime/bus/bus.ts';
import { connectBus } from '#runtime/bus/jetstream-bus.ts';
import { sha256 } from '#runtime/keys/sha256.ts';
import { ConsoleClient } from '#runtime/network/console-client.ts';
import { decodeHeader } from '#schemas/consensus/block-codec.ts';
import {
  type ConsensusMessage,
  decodeConsensusMessage,
  encodeConsensusMessage,
} from '#schemas/consensus/message-codec.ts';
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

  /** Ids of a validator's blocks up to `height`, by height, as it serves them: each by the hash of its header, certified, on the one before. */
  async chain(id: string, height: number): Promise<ReadonlyMap<number, string>> {
    const first = await until(() => this.#lowest(id), PATIENT_MS, `${id} says from where on it holds blocks`);
    const ids = new Map<number, string>();
    for (let next = first; next <= height; next = first + ids.size) {
      const blocks = await until(() => this.#range(id, next, height), PATIENT_MS, `${id} serves its blocks`);
      for (const block of blocks)
        ids.set(first + ids.size, linked(block, first + ids.size, ids.get(first + ids.size - 1)));
    }
    return ids;
  }

  /** 1, unless the validator took up the ledger from a snapshot. */
  async #lowest(id: string): Promise<number | undefined> {
    const answer = await this.#ask(id, { type: 'snapshots.request' });
    return answer?.type === 'snapshots' ? answer.lowest_height : undefined;
  }

  async #range(id: string, first_height: number, last_height: number): Promise<readonly FinalBlock[] | undefined> {
    const answer = await this.#ask(id, { type: 'range.request', first_height, last_height, offset_bytes: 0 });
    return answer?.type === 'range' && answer.blocks.length > 0 ? answer.blocks : undefined;
  }

  async #ask(id: string, request: ConsensusMessage): Promise<ConsensusMessage | undefined> {
    const answer = decodeConsensusMessage(
      await this.#bus.request(subject.sync(id), encodeConsensusMessage(request), ANSWER_MS),
    );
    return answer.ok ? answer.value : undefined;
  }
}

/** @param before id of the block before, where it is known */
function linked({ block, certificate }: FinalBlock, height: number, before: string | undefined): string {
  const id = Buffer.from(sha256(block.header)).toString('hex');
  const header = decodeHeader(block.header);
  if (!header.ok) throw new Error(`the header at height ${height} cannot be read`);
  const { previous } = header.value;
  const isNext = header.value.height === height && previous === (height === 1 ? '0'.repeat(64) : (before ?? previous));
  if (!isNext || certificate.value !== id) throw new Error(`height ${height} is not certified on the one before`);
  return id;
}
