// A client over NATS: signs and publishes its transactions, and hears from its gateway what became of them. No copy of the ledger.
import type { ToldV1 } from '#schemas/node/told.ts';
import type { TxBody } from '#schemas/settlement/transaction.ts';
import { encodeTx, txBytes, txId, txSignBytes } from '#schemas/settlement/tx-codec.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { subject } from '#schemas/wire/subjects.ts';
import type { Bus } from '../bus/bus.ts';
import type { BusError } from '../bus/bus-error.ts';
import { connectBus } from '../bus/jetstream-bus.ts';
import type { Signer } from '../keys/ed25519.ts';
import { systemClock } from '../node/system-clock.ts';
import { ConsoleClient, EXPIRY_HEIGHTS } from './console-client.ts';
import { listenToGateway } from './told.ts';

export type NatsClientOptions = {
  readonly broker_url: string;
  /** The gateway to ask and to listen to, e.g. http://127.0.0.1:8080. */
  readonly gateway_url: string;
  readonly signer: Signer;
  readonly onTold: (told: ToldV1, hasGap: boolean) => void;
  /** What came in the gateway's name and is not its word. */
  readonly onRefused: (code: Code) => void;
  readonly onBusRefused: (error: BusError) => void;
};

export class NatsClient {
  readonly #chain: string;
  readonly #signer: Signer;
  readonly #bus: Bus;
  #height: number;
  #next_nonce: number;

  private constructor(bus: Bus, signer: Signer, at: { chain: string; height: number; next_nonce: number }) {
    this.#bus = bus;
    this.#signer = signer;
    this.#chain = at.chain;
    this.#height = at.height;
    this.#next_nonce = at.next_nonce;
  }

  /** Asks the gateway once where chain and account stand. @throws NetworkError, BusError */
  static async open(options: NatsClientOptions): Promise<NatsClient> {
    const { broker_url, gateway_url, signer, onTold, onRefused, onBusRefused } = options;
    const api = new ConsoleClient(gateway_url);
    const [{ chain, gateway, height }, { next_nonce }] = await Promise.all([api.network(), api.account(signer.id)]);
    const bus = await connectBus({ url: broker_url, signer, onRefused: onBusRefused });
    const client = new NatsClient(bus, signer, { chain, height, next_nonce });
    listenToGateway({
      chain,
      gateway,
      account: signer.id,
      bus,
      clock: systemClock,
      onRefused,
      onTold(told, hasGap) {
        client.#height = told.height;
        onTold(told, hasGap);
      },
    });
    return client;
  }

  /**
   * Sign a transaction with the next nonce and publish it; the id, under which its fate is told. A broker may lose what it
   * took: a transaction of which nothing is told is to be sent again, or is over at its expiry height.
   * @throws BusError BUS_BUSY | BUS_UNAVAILABLE
   */
  async send(body: TxBody): Promise<string> {
    const bytes = txBytes({
      v: 1,
      chain: this.#chain,
      account: this.#signer.id,
      nonce: this.#next_nonce++,
      expiry_height: this.#height + EXPIRY_HEIGHTS,
      fee_units: 0n,
      body,
    });
    const wire = encodeTx(bytes, this.#signer.sign(txSignBytes(bytes)));
    await this.#bus.publish(subject.transaction(this.#signer.id), wire);
    return txId(wire);
  }

  close(): Promise<void> {
    return this.#bus.close();
  }
}
