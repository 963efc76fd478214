// What other validators say, until it is an input of the core: who says it, is there room, is it well-formed. Nothing else is believed.
import type { Core } from '#machines/consensus/core.ts';
import type { Input } from '#machines/consensus/types.ts';
import { type ConsensusMessage, decodeConsensusMessage } from '#schemas/consensus/message-codec.ts';
import type { Code } from '#schemas/wire/codes.ts';
import type { Delivery } from '../bus/bus.ts';
import type { BeaconShares } from './beacon-collector.ts';
import { inputOf } from './input-codec.ts';

/** Where it goes on. */
export type IngressPorts = {
  readonly now_ms: () => number;
  /** Whether a message of this size may wait for a turn. */
  readonly hasRoom: (size_bytes: number) => boolean;
  readonly onInput: (input: Input, size_bytes: number) => void;
  readonly onShares: (sender: string, shares: BeaconShares) => void;
  readonly onRefused: (code: Code) => void;
};

export class Ingress {
  /** Own key id. */
  readonly #self: string;
  readonly #core: Pick<Core, 'isMember'>;
  readonly #ports: IngressPorts;

  constructor(self: string, core: Pick<Core, 'isMember'>, ports: IngressPorts) {
    this.#self = self;
    this.#core = core;
    this.#ports = ports;
  }

  /**
   * The sender is whom the broker lets publish on the subject. Of who is no member as far as this node knows it hears the position
   * alone: if this node lags far enough, nobody that it knows may be left.
   */
  hear({ subject, data }: Delivery): void {
    const sender = subject.slice(subject.lastIndexOf('.') + 1);
    // Dropped, not queued without bound: its sender says it again.
    if (!this.#ports.hasRoom(data.length)) return this.#ports.onRefused('HOST_BUSY');
    const message = decodeConsensusMessage(data);
    if (!message.ok) return this.#ports.onRefused(message.code);
    if (message.value.type !== 'status' && !this.#core.isMember(sender))
      return this.#ports.onRefused('VALIDATOR_UNKNOWN');
    this.#passOn(sender, message.value, data.length);
  }

  #passOn(sender: string, message: ConsensusMessage, size_bytes: number): void {
    // The own words come back as well: the core knows them. One that it does not know shows that the key is in use twice.
    if (sender === this.#self && message.type !== 'vote' && message.type !== 'proposal') return;
    if (message.type === 'beacon.partial') return this.#ports.onShares(sender, message);
    if (message.type === 'status' && message.from !== sender) return this.#ports.onRefused('SENDER_MISMATCH');
    const input = inputOf(message, this.#ports.now_ms(), sender);
    if (input === undefined) return this.#ports.onRefused('KIND_UNKNOWN');
    this.#ports.onInput(input, size_bytes);
  }
}
