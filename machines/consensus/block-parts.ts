// Cuts bodies into parts, and tells which piece of a message goes on its own. A body that fits one part travels whole.
import { bytesToHex } from '@noble/hashes/utils.js';
import { bodyBytes, encodeBody } from '#schemas/consensus/block-codec.ts';
import { HASH_BYTES } from '#schemas/consensus/fixed-layout.ts';
import type { ConsensusMessage } from '#schemas/consensus/message-codec.ts';
import type { Block, BlockPart } from '#schemas/consensus/types.ts';
import { BLOCK_PART_BYTES } from '#schemas/wire/limits.ts';
import type { Crypto } from './types.ts';

type Hash = Crypto['sha256'];
/** A body as its parts. */
type Cut = { readonly part_hashes: readonly Uint8Array[]; readonly parts: readonly Uint8Array[] };

/** `Header.parts_hash` over these part hashes: SHA-256, hex. */
export function partsHash(sha256: Hash, part_hashes: readonly Uint8Array[]): string {
  const all = new Uint8Array(part_hashes.length * HASH_BYTES);
  part_hashes.forEach((hash, i) => all.set(hash, i * HASH_BYTES));
  return bytesToHex(sha256(all));
}

export class BlockCutter {
  readonly #sha256: Hash;
  readonly #part_bytes: number;
  /** The body that was cut last: it is hashed, told and asked for soon after each other. */
  #latest: { readonly txs: readonly Uint8Array[]; readonly cut: Cut } | undefined;

  /** @param part_bytes the same in all nodes of a network; smaller only where a test's bodies are small */
  constructor({ sha256 }: Pick<Crypto, 'sha256'>, part_bytes: number = BLOCK_PART_BYTES) {
    this.#sha256 = sha256;
    this.#part_bytes = part_bytes;
  }

  /** What the header of a block with this body must say, hex. */
  partsHash(txs: readonly Uint8Array[]): string {
    return partsHash(this.#sha256, this.#cut(txs).part_hashes);
  }

  /** Parts of the block; one where it travels whole. */
  parts({ header, txs }: Block): readonly BlockPart[] {
    const { part_hashes, parts } = this.#cut(txs);
    return parts.map((bytes, index) => ({ header, part_hashes, index, bytes }));
  }

  /** The messages that a message travels as: a proposal's large body apart from it, and not again with a block proposed again. */
  pieces(message: ConsensusMessage): readonly ConsensusMessage[] {
    const short = this.shortened(message);
    if (short === message || message.type !== 'proposal' || message.proposal.valid_round >= 0) return [short];
    const parts = message.block === undefined ? [] : this.parts(message.block);
    return [short, ...parts.map((part) => ({ type: 'part', part }) as const)];
  }

  /** The message without its large body: who lacks that asks for the parts that are missing. */
  shortened<M extends ConsensusMessage>(message: M): M {
    if (message.type !== 'proposal' && message.type !== 'certificate') return message;
    if (message.block === undefined || 4 + bodyBytes(message.block.txs) <= this.#part_bytes) return message;
    const { block: _, ...short } = message;
    return short as M;
  }

  #cut(txs: readonly Uint8Array[]): Cut {
    if (this.#latest?.txs === txs) return this.#latest.cut;
    const body = encodeBody(txs);
    const parts: Uint8Array[] = [];
    for (let at = 0; at < body.length; at += this.#part_bytes) parts.push(body.subarray(at, at + this.#part_bytes));
    const cut = { parts, part_hashes: parts.map((part) => this.#sha256(part)) };
    this.#latest = { txs, cut };
    return cut;
  }
}
