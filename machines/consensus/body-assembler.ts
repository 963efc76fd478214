// Puts bodies together from their parts. A part proves itself against the block id, so each is checked the moment it comes.
// Not part of the replayed state: the log has whole blocks, and what was lost is asked for again.
import { bytesToHex } from '@noble/hashes/utils.js';
import { decodeBody, decodeHeader } from '#schemas/consensus/block-codec.ts';
import type { Block, BlockPart } from '#schemas/consensus/types.ts';
import { MAX_BLOCK_PARTS, MAX_OPEN_BODIES, MAX_ROUND_PROPOSALS } from '#schemas/wire/limits.ts';
import { equalBytes } from '../primitives/bytes.ts';
import { partsHash } from './block-parts.ts';
import type { Crypto } from './types.ts';

/** Where in the protocol a body is wanted. */
export type BodyPlace = { readonly height: number; readonly round: number };

/** What became of a part: `false` is its sender's fault, `broken` the proposer's. The last one gives the block. */
export type PartOutcome = 'kept' | 'known' | 'unwanted' | 'false' | 'broken' | Block;

type Open = BodyPlace & {
  readonly parts: Map<number, Uint8Array>;
  /** Checked against the header; undefined before the first part. */
  part_hashes: readonly Uint8Array[] | undefined;
  /** Who sent a false part: no more of them is looked at. */
  readonly liars: Set<string>;
  /** All parts are here. */
  block: Block | undefined;
  /** The parts are those of the header, and make no body. */
  isBroken: boolean;
};

export class BodyAssembler {
  readonly #sha256: Crypto['sha256'];
  readonly #open = new Map<string, Open>();

  constructor({ sha256 }: Pick<Crypto, 'sha256'>) {
    this.#sha256 = sha256;
  }

  /**
   * Expect the parts of a body. At most MAX_OPEN_BODIES that no certificate names, MAX_ROUND_PROPOSALS of a round: the farthest from
   * here makes room. The one that is to be voted on now always finds some, since an honest leader proposes once.
   *
   * @param at where this validator is
   */
  want(value: string, place: BodyPlace, at: BodyPlace, isNamed: (value: string) => boolean): boolean {
    if (this.#open.has(value)) return true;
    if (!isNamed(value) && !this.#makeRoom(place, at, isNamed)) return false;
    const nothing = { part_hashes: undefined, block: undefined, isBroken: false };
    this.#open.set(value, { ...place, parts: new Map(), liars: new Set(), ...nothing });
    return true;
  }

  has(value: string): boolean {
    return this.#open.has(value);
  }

  /** The body with its header, if all parts are here. */
  block(value: string): Block | undefined {
    return this.#open.get(value)?.block;
  }

  /** @param from key id of who sent it */
  add(from: string, part: BlockPart): PartOutcome {
    const value = bytesToHex(this.#sha256(part.header));
    const open = this.#open.get(value);
    if (open === undefined || open.liars.has(from)) return 'unwanted';
    if (open.block !== undefined || open.isBroken || open.parts.has(part.index)) return 'known';
    if (!this.#isTrue(open, part)) {
      open.liars.add(from);
      return 'false';
    }
    open.part_hashes ??= part.part_hashes;
    open.parts.set(part.index, part.bytes);
    return open.parts.size < open.part_hashes.length ? 'kept' : close(open, part.header);
  }

  /** Parts that are still to come, of a body that can still be had: only the first while nobody has told how many there are. */
  missing(value: string): readonly number[] {
    const open = this.#open.get(value);
    if (open === undefined || open.block !== undefined || open.isBroken) return [];
    if (open.part_hashes === undefined) return [0];
    return open.part_hashes.flatMap((_, index) => (open.parts.has(index) ? [] : [index]));
  }

  /** Whether it is of use to ask this validator. */
  trusts(value: string, peer: string): boolean {
    return this.#open.get(value)?.liars.has(peer) === false;
  }

  /** Bodies that are wanted at this height. */
  wanted(height: number): readonly (BodyPlace & { readonly value: string })[] {
    return [...this.#open].flatMap(([value, open]) =>
      open.height === height ? [{ value, height, round: open.round }] : [],
    );
  }

  /** It stands in the keeper of the height now. */
  forget(value: string): void {
    this.#open.delete(value);
  }

  /** The heights up to this one are decided. */
  settle(height: number): void {
    for (const [value, open] of this.#open) if (open.height <= height) this.#open.delete(value);
  }

  /** Number and bytes of what it holds. */
  get size(): { readonly count: number; readonly bytes: number } {
    const sizes = [...this.#open.values()].flatMap(({ parts, block }) => [
      ...[...parts.values()].map(({ length }) => length),
      ...(block?.txs ?? []).map(({ length }) => length),
    ]);
    return { count: this.#open.size, bytes: sizes.reduce((sum, bytes) => sum + bytes, 0) };
  }

  #makeRoom(place: BodyPlace, at: BodyPlace, isNamed: (value: string) => boolean): boolean {
    const spare = [...this.#open].filter(([value]) => !isNamed(value));
    const ofRound = spare.filter(([, open]) => open.height === place.height && open.round === place.round);
    if (ofRound.length >= MAX_ROUND_PROPOSALS) return false;
    if (spare.length < MAX_OPEN_BODIES) return true;
    const [farthest, far_by] = spare
      .map(([value, open]) => [value, distance(open, at)] as const)
      .reduce((a, b) => (b[1] > a[1] ? b : a));
    if (far_by <= distance(place, at)) return false;
    return this.#open.delete(farthest);
  }

  #isTrue(open: Open, { header, part_hashes, index, bytes }: BlockPart): boolean {
    const hash = (open.part_hashes ?? part_hashes)[index];
    if (hash === undefined || part_hashes.length > MAX_BLOCK_PARTS) return false;
    if (open.part_hashes === undefined) {
      const decoded = decodeHeader(header);
      if (!decoded.ok || decoded.value.parts_hash !== partsHash(this.#sha256, part_hashes)) return false;
    }
    return equalBytes(hash, this.#sha256(bytes));
  }
}

/** Another height is farther than any round. */
const distance = (place: BodyPlace, at: BodyPlace): number =>
  Math.abs(place.round - at.round) + (place.height === at.height ? 0 : 2 ** 32);

function close(open: Open, header: Uint8Array): Block | 'broken' {
  const parts = [...open.parts].sort(([a], [b]) => a - b).map(([, bytes]) => bytes);
  const body = decodeBody(concat(parts));
  open.parts.clear();
  open.isBroken = !body.ok;
  if (!body.ok) return 'broken';
  open.block = { header, txs: body.value };
  return open.block;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
