// The ledger's test world as a node shows it to its gateway: certified headers around each executed block.
import { bytesToHex } from '@noble/hashes/utils.js';
import { genesisMembership } from '#machines/consensus/genesis-membership.ts';
import type { Crypto } from '#machines/consensus/types.ts';
import { quorum } from '#machines/primitives/quorum.ts';
import type { BlockResult } from '#machines/settlement/types.ts';
import type { GatewayReads, SeenBlock } from '#runtime/gateway/ports.ts';
import { BEACON_BYTES, beaconMessage } from '#schemas/consensus/beacon.ts';
import { encodeHeader } from '#schemas/consensus/block-codec.ts';
import { membershipHash } from '#schemas/consensus/membership-codec.ts';
import type { Certificate, Header, Vote } from '#schemas/consensus/types.ts';
import { voteSignBytes } from '#schemas/consensus/vote-codec.ts';
import type { Tx } from '#schemas/settlement/transaction.ts';
import { encodeTx, txBytes, txSignBytes } from '#schemas/settlement/tx-codec.ts';
import { CHAIN, sha256, sign, twinCrypto, VALIDATORS, World, type WorldOptions } from '../settlement/world/chain.ts';

const ZERO = '00'.repeat(32);

/** 96 bytes that everybody takes for the group's signature over the message. */
const signatureOver = (message: Uint8Array): Uint8Array =>
  Buffer.concat([0, 1, 2].map((part) => sha256(Buffer.of(...message, part)))).subarray(0, BEACON_BYTES);
/** That of the height's beacon. */
export const beaconSignature = (height: number): Uint8Array => signatureOver(beaconMessage(CHAIN, 0, height));

export const worldCrypto: Crypto = {
  ...twinCrypto,
  verifyBeacon: (_, message, signature) => Buffer.compare(signature, signatureOver(message)) === 0,
};

/** Signed bytes of a transaction as they would travel. */
export function wireOf(tx: Tx): Uint8Array {
  const bytes = txBytes(tx);
  return encodeTx(bytes, sign(tx.account, txSignBytes(bytes)));
}

/** How long each block takes to become final, ms, unless a test says otherwise. */
export const FINALITY_MS = 18;

export class SeenWorld extends World {
  readonly reads: GatewayReads;
  /** Time from a block's time to its certificate, ms, by height. */
  finality_ms: (height: number) => number = () => FINALITY_MS;
  readonly #listeners = new Set<(seen: SeenBlock) => void>();
  #previous = ZERO;
  #state_root: string;
  readonly #set_hash: string;

  constructor(options: WorldOptions = {}) {
    super(options);
    this.#state_root = this.ledger.stateRoot();
    this.#set_hash = membershipHash(genesisMembership({ id: CHAIN, genesis: this.genesis }));
    this.reads = {
      chain: { id: CHAIN, genesis: this.genesis, validators: this.genesis.validators },
      ledger: this.ledger,
      onBlock: (listener) => {
        this.#listeners.add(listener);
        return () => void this.#listeners.delete(listener);
      },
    };
  }

  override beacon(height: number): { height: number; signature: Uint8Array } | null {
    return height < 1 ? null : { height, signature: beaconSignature(height) };
  }

  override block(after_ms = 100): BlockResult {
    const result = super.block(after_ms);
    const header = this.#header();
    const bytes = encodeHeader(header);
    this.#previous = bytesToHex(sha256(bytes));
    this.#state_root = result.state_root;
    const txs = (this.blocks.at(-1)?.txs ?? []).filter((tx) => tx !== null);
    const final = {
      block: { header: bytes, txs: txs.map(wireOf) },
      certificate: certify(header.height, this.#previous),
    };
    const seen = { header, final, result, txs, received_ms: this.time_ms + this.finality_ms(header.height) };
    for (const listener of this.#listeners) listener(seen);
    return result;
  }

  #header(): Header {
    const height = this.ledger.height();
    return {
      v: 1,
      chain: CHAIN,
      epoch: 0,
      height,
      time_ms: this.time_ms,
      proposer: height % VALIDATORS.length,
      previous: this.#previous,
      txs_root: ZERO,
      parts_hash: ZERO,
      state_root: this.#state_root,
      beacon: height === 1 ? new Uint8Array(0) : beaconSignature(height - 1),
      validators_hash: this.#set_hash,
      next_validators_hash: this.#set_hash,
    };
  }
}

/** Precommits of a quorum, another one at each height. */
export function certify(height: number, value: string): Certificate {
  const turn = Array.from(VALIDATORS, (_, i) => (height + i) % VALIDATORS.length).slice(0, quorum(VALIDATORS.length));
  const votes = turn.map((i) => signVote(VALIDATORS[i] ?? '', vote(height, value, i)));
  return { type: 'commit', height, round: 0, value, votes };
}

const vote = (height: number, value: string, validator: number): Vote => ({
  type: 'precommit',
  epoch: 0,
  height,
  round: 0,
  value,
  valid_round: -1,
  validator,
});

export const signVote = (key: string, unsigned: Vote) => ({
  ...unsigned,
  signature: sign(key, voteSignBytes(CHAIN, unsigned)),
});
