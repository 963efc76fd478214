// Who of the validators is heard, and where they stand: from commit certificates, and from consensus traffic between blocks.
import type { Crypto } from '#machines/consensus/types.ts';
import { decodeConsensusMessage } from '#schemas/consensus/message-codec.ts';
import type { Certificate } from '#schemas/consensus/types.ts';
import { voteSignBytes } from '#schemas/consensus/vote-codec.ts';
import type { ConsoleView } from '#schemas/node/console.ts';
import { MIN_HEARD_INTERVAL_MS } from '#schemas/wire/limits.ts';
import type { Chain } from '../network/genesis-file.ts';

type Heard = { readonly height: number; readonly round: number; readonly heard_ms: number };
type BlockView = ConsoleView['blocks'][number];

const NOTHING: Heard = { height: 0, round: 0, heard_ms: 0 };

export class ValidatorWatch {
  readonly #chain: Chain;
  readonly #crypto: Pick<Crypto, 'verify'>;
  readonly #heard = new Map<string, Heard>();

  constructor(chain: Chain, crypto: Pick<Crypto, 'verify'>) {
    this.#chain = chain;
    this.#crypto = crypto;
  }

  /** Signers of a certificate that the node has checked. */
  noteCertificate({ height, round, votes }: Certificate, now_ms: number): void {
    for (const vote of votes) {
      const id = this.#chain.validators[vote.validator]?.id;
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

  view(blocks: readonly BlockView[]): ConsoleView['validators'] {
    return this.#chain.validators.map(({ id, operator, power }) => {
      const proposed_count = blocks.filter(({ proposer }) => proposer === id).length;
      return { id, operator, power, ...(this.#heard.get(id) ?? NOTHING), proposed_count };
    });
  }

  /** Height and round of a vote that this validator really signed. */
  #signedPosition(id: string, data: Uint8Array): Pick<Heard, 'height' | 'round'> | undefined {
    const { id: chain, validators } = this.#chain;
    const got = decodeConsensusMessage(data);
    if (!got.ok || got.value.type !== 'vote') return undefined;
    const { vote } = got.value;
    const isTrue =
      validators[vote.validator]?.id === id && this.#crypto.verify(id, voteSignBytes(chain, vote), vote.signature);
    return isTrue ? { height: vote.height, round: vote.round } : undefined;
  }

  #note(id: string, heard: Heard): void {
    const before = this.#heard.get(id) ?? NOTHING;
    const isAhead = heard.height > before.height || (heard.height === before.height && heard.round >= before.round);
    this.#heard.set(id, isAhead ? heard : { ...before, heard_ms: heard.heard_ms });
  }
}
