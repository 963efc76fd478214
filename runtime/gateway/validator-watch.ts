// Who of the validators is heard, and where they stand: from commit certificates, and from consensus traffic between blocks.
import type { Crypto } from '#machines/consensus/types.ts';
import { ANNOUNCED_HEIGHTS } from '#machines/settlement/memberships.ts';
import { decodeConsensusMessage } from '#schemas/consensus/message-codec.ts';
import type { Certificate, ValidatorSet } from '#schemas/consensus/types.ts';
import { voteSignBytes } from '#schemas/consensus/vote-codec.ts';
import type { ConsoleView } from '#schemas/node/console.ts';
import { MIN_HEARD_INTERVAL_MS } from '#schemas/wire/limits.ts';
import type { GatewayReads } from './ports.ts';

type Heard = { readonly height: number; readonly round: number; readonly heard_ms: number };
type BlockView = ConsoleView['blocks'][number];

const NOTHING: Heard = { height: 0, round: 0, heard_ms: 0 };

export class ValidatorWatch {
  readonly #reads: Pick<GatewayReads, 'chain' | 'ledger'>;
  readonly #crypto: Pick<Crypto, 'verify'>;
  readonly #heard = new Map<string, Heard>();

  constructor(reads: Pick<GatewayReads, 'chain' | 'ledger'>, crypto: Pick<Crypto, 'verify'>) {
    this.#reads = reads;
    this.#crypto = crypto;
  }

  /** Signers of a certificate that the node has checked. */
  noteCertificate({ height, round, votes }: Certificate, now_ms: number): void {
    const validators = this.#setOf(height);
    for (const vote of votes) {
      const id = validators[vote.validator]?.id;
      if (id !== undefined) this.#note(id, { height, round, heard_ms: now_ms });
    }
  }

  /**
   * A vote on cs.v1.<height>.<round>.vote.<validator>. At most one of a validator is looked at in
   * MIN_HEARD_INTERVAL_MS: a gateway must not pay for consensus as validators do. Whether it counted.
   */
  hear(subject: string, data: Uint8Array, now_ms: number): boolean {
    const id = subject.slice(subject.lastIndexOf('.') + 1);
    if (now_ms - (this.#heard.get(id)?.heard_ms ?? 0) < MIN_HEARD_INTERVAL_MS) return false;
    const at = this.#signedPosition(id, data);
    if (at !== undefined) this.#note(id, { ...at, heard_ms: now_ms });
    return at !== undefined;
  }

  /** The set of the next height. */
  view(blocks: readonly BlockView[]): ConsoleView['validators'] {
    const states = new Map(this.#reads.ledger.validators().map(({ id, state }) => [id, state]));
    return this.#setOf(this.#reads.ledger.height() + 1).map(({ id, operator, power }) => {
      const proposed_count = blocks.filter(({ proposer }) => proposer === id).length;
      const state = states.get(id) ?? 'left';
      return { id, operator, power, state, ...(this.#heard.get(id) ?? NOTHING), proposed_count };
    });
  }

  /** Height and round of a vote that this validator really signed. */
  #signedPosition(id: string, data: Uint8Array): Pick<Heard, 'height' | 'round'> | undefined {
    const { chain } = this.#reads;
    const got = decodeConsensusMessage(data);
    if (!got.ok || got.value.type !== 'vote') return undefined;
    const { vote } = got.value;
    const isTrue =
      this.#setOf(vote.height)[vote.validator]?.id === id &&
      this.#crypto.verify(id, voteSignBytes(chain.id, vote), vote.signature);
    return isTrue ? { height: vote.height, round: vote.round } : undefined;
  }

  /** A gateway that lags takes the last set that it knows. */
  #setOf(height: number): ValidatorSet {
    const { ledger } = this.#reads;
    return ledger.membership(Math.min(height, ledger.height() + ANNOUNCED_HEIGHTS)).validators;
  }

  #note(id: string, heard: Heard): void {
    const before = this.#heard.get(id) ?? NOTHING;
    const isAhead = heard.height > before.height || (heard.height === before.height && heard.round >= before.round);
    this.#heard.set(id, isAhead ? heard : { ...before, heard_ms: heard.heard_ms });
  }
}
