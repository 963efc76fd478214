// A client over NATS: signs and publishes its transactions, and hears from its gateway what became of them. No copy of the ledger.
import type { ToldV1 } from '#schemas/node/told.ts';
import type { TxBody } from '#schemas/settlement/transaction.ts';
import { encodeTx, txBytes, txId, txSignBytes } from '#schemas/settlement/tx-codec.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { MAX_MEMPOOL_TXS_PER_ACCOUNT } from '#schemas/wire/limits.ts';
import { subject } from '#schemas/wire/subjects.ts';
import type { Bus } from '../bus/bus.ts';
import { BusError } from '../bus/bus-error.ts';
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
  readonly #api: ConsoleClient;
  /** Signed transactions of which nothing was told, by nonce. */
  readonly #untold = new Map<number, Uint8Array>();
  #height: number;
  #next_nonce: number;

  private constructor(
    bus: Bus,
    api: ConsoleClient,
    signer: Signer,
    at: { chain: string; height: number; next_nonce: number },
  ) {
    this.#bus = bus;
    this.#api = api;
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
    const client = new NatsClient(bus, api, signer, { chain, height, next_nonce });
    listenToGateway({
      chain,
      gateway,
      account: signer.id,
      bus,
      clock: systemClock,
      onRefused,
      onTold(told, hasGap) {
        client.#height = told.height;
        for (const { nonce } of told.txs) client.#untold.delete(nonce);
        onTold(told, hasGap);
      },
    });
    return client;
  }

  /**
   * Sign a transaction with the next nonce and publish it; the id, under which its fate is told. It is kept until then, also
   * where publishing fails: those after it wait for its nonce, so it has to be repeated.
   * @throws BusError BUS_BUSY (also where nothing was told of as many as validators hold) | BUS_UNAVAILABLE
   */
  async send(body: TxBody): Promise<string> {
    const to = subject.transaction(this.#signer.id);
    if (this.#untold.size >= MAX_MEMPOOL_TXS_PER_ACCOUNT)
      throw new BusError('BUS_BUSY', to, `nothing was told of ${this.#untold.size} transactions`);
    const nonce = this.#next_nonce++;
    const expiry_height = this.#height + EXPIRY_HEIGHTS;
    const account = this.#signer.id;
    const bytes = txBytes({ v: 1, chain: this.#chain, account, nonce, expiry_height, fee_units: 0n, body });
    const wire = encodeTx(bytes, this.#signer.sign(txSignBytes(bytes)));
    this.#untold.set(nonce, wire);
    await this.#bus.publish(to, wire);
    return txId(wire);
  }

  /**
   * Publish again what no block has taken, as the gateway knows: after a `send` that failed, a gap in the news, or a long silence.
   * @throws NetworkError, BusError
   */
  async repeat(): Promise<void> {
    const { next_nonce } = await this.#api.account(this.#signer.id);
    for (const nonce of this.#untold.keys()) if (nonce < next_nonce) this.#untold.delete(nonce);
    const to = subject.transaction(this.#signer.id);
    await Promise.all(Array.from(this.#untold.values(), (wire) => this.#bus.publish(to, wire)));
  }

  close(): Promise<void> {
    return this.#bus.close();
  }
}
