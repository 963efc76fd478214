// Writes a chain as a quorum of honest validators would: real ledger, real signatures; and can be told to certify what is wrong.

import { merkleRoot } from '#machines/primitives/merkle.ts';
import { quorum } from '#machines/primitives/quorum.ts';
import { createLedger, type Ledger } from '#machines/settlement/ledger.ts';
import type { Signer } from '#runtime/keys/ed25519.ts';
import { sha256 } from '#runtime/keys/sha256.ts';
import type { Chain } from '#runtime/network/genesis-file.ts';
import { productionCrypto } from '#runtime/node/crypto.ts';
import { ledgerBlock } from '#runtime/node/final-blocks.ts';
import { encodeHeader } from '#schemas/consensus/block-codec.ts';
import type { FinalBlock, Header, Vote } from '#schemas/consensus/types.ts';
import { voteSignBytes } from '#schemas/consensus/vote-codec.ts';
import { CHAIN, signerOf } from '../host/world.ts';
import { genesisOf, START_MS } from '../settlement/world/chain.ts';

const ZERO = '00'.repeat(32);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

export class Author {
  readonly keys: readonly Signer[] = ['v1', 'v2', 'v3', 'v4'].map(signerOf);
  readonly chain: Chain;
  readonly ledger: Ledger;
  readonly blocks: FinalBlock[] = [];
  #previous = ZERO;
  readonly #interval_ms: number;
  #state_root: string;

  /** @param interval_ms of block time between its blocks */
  constructor(interval_ms = 100) {
    this.#interval_ms = interval_ms;
    const genesis = genesisOf();
    const validators = genesis.validators.map((validator, i) => ({ ...validator, id: this.keys[i]?.id ?? '' }));
    this.chain = { id: CHAIN, genesis: { ...genesis, validators }, validators };
    this.ledger = createLedger(this.chain.genesis, CHAIN, productionCrypto);
    this.#state_root = this.ledger.stateRoot();
  }

  /** The next block, certified by a quorum; `header` changes what it says, `voters` who signs. */
  write(header: Partial<Header> = {}, voters: readonly Signer[] = this.keys.slice(0, quorum(4))): FinalBlock {
    const height = this.ledger.height() + 1;
    const whole: Header = {
      v: 1,
      chain: CHAIN,
      epoch: 0,
      height,
      time_ms: this.#timeOf(height),
      proposer: 0,
      previous: this.#previous,
      txs_root: hex(merkleRoot([])),
      parts_hash: ZERO,
      state_root: this.#state_root,
      beacon: new Uint8Array(0),
      validators_hash: ZERO,
      next_validators_hash: ZERO,
      ...header,
    };
    return this.certify(whole, voters);
  }

  #timeOf(height: number): number {
    return START_MS + height * this.#interval_ms;
  }

  certify(header: Header, voters: readonly Signer[]): FinalBlock {
    const bytes = encodeHeader(header);
    const value = hex(sha256(bytes));
    const votes = voters.map((key, validator) => {
      const vote: Vote = {
        type: 'precommit',
        epoch: 0,
        height: header.height,
        round: 0,
        value,
        valid_round: -1,
        validator,
      };
      return { ...vote, signature: key.sign(voteSignBytes(CHAIN, vote)) };
    });
    return {
      block: { header: bytes, txs: [] },
      certificate: { type: 'commit', height: header.height, round: 0, value, votes },
    };
  }

  /** Append a block to the chain. */
  append(): FinalBlock {
    const final = this.write();
    const { height } = final.certificate;
    const header = { height, time_ms: this.#timeOf(height), beacon: new Uint8Array(0) } as Header;
    this.#state_root = this.ledger.executeBlock(ledgerBlock({ header, final })).state_root;
    this.#previous = final.certificate.value ?? '';
    this.blocks.push(final);
    return final;
  }
}
