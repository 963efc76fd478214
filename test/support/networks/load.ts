// Work for a live network: one transfer after the other, each until it is final; and what the ledger must say of them afterwards.
import { signer } from '#runtime/keys/ed25519.ts';
import type { ConsoleClient } from '#runtime/network/console-client.ts';
import type { ValidatorNodes } from './validator-nodes.ts';

/** Nobody holds its key for anything: it only receives. */
const SINK = signer(new Uint8Array(32).fill(5)).id;

export class Load {
  readonly #client: ConsoleClient;
  readonly #nodes: ValidatorNodes;
  readonly #done: Promise<void>;
  #isStopping = false;
  /** Transfers that a gateway called final. */
  #confirmed = 0n;

  constructor(nodes: ValidatorNodes, client: ConsoleClient) {
    this.#nodes = nodes;
    this.#client = client;
    this.#done = this.#run();
  }

  /** Resolves when the last transfer is final. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#done;
  }

  /**
   * Every coin of the genesis is there; each transfer that has a nonce moved exactly one, from the client to the sink, and
   * those that were called final are among them. What was found, or why it is not so.
   */
  async audit(client: ConsoleClient): Promise<string> {
    const { balances } = this.#nodes.network.chain.genesis;
    const issued = (asset: string, account?: string): bigint =>
      balances
        .filter((row) => row.asset === asset && (account === undefined || row.account === account))
        .reduce((sum, { amount_units }) => sum + amount_units, 0n);
    const { supply } = await client.view();
    const [payer, sink] = await Promise.all([client.account(this.#nodes.client.id), client.account(SINK)]);
    const moved = BigInt(payer.next_nonce);
    const facts = {
      credit: [supply.credit, `${issued('credit')}`],
      stake: [supply.stake, `${issued('stake')}`],
      sink: [sink.credit_units, `${moved}`],
      payer: [payer.credit_units, `${issued('credit', this.#nodes.client.id) - moved}`],
      confirmed: [`${this.#confirmed <= moved}`, 'true'],
    };
    const wrong = Object.entries(facts).filter(([, [is, must]]) => is !== must);
    if (wrong.length > 0) throw new Error(`money: ${JSON.stringify(wrong)}`);
    return `${moved} transfers`;
  }

  /** One whose fate is unknown after a minute may have moved its coin or not: its nonce tells. */
  async #run(): Promise<void> {
    const transfer = { type: 'transfer', to: SINK, asset: 'credit', amount_units: 1n } as const;
    while (!this.#isStopping) {
      await this.#client.transact(this.#nodes.client, transfer).then(
        () => this.#confirmed++,
        () => undefined,
      );
    }
  }
}
