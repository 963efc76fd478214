// When a block may be voted for, and how the proposer makes one that may.
import { bytesToHex } from '@noble/hashes/utils.js';
import { beaconMessage } from '#schemas/consensus/beacon.ts';
import { bodyBytes, decodeHeader, encodeHeader } from '#schemas/consensus/block-codec.ts';
import type { Block, Header } from '#schemas/consensus/types.ts';
import { BLOCK_TARGET_BYTES, MAX_BLOCK_BYTES, MAX_BLOCK_TXS, MAX_CLOCK_DRIFT_MS } from '#schemas/wire/limits.ts';
import { equalBytes } from '../primitives/bytes.ts';
import { leafHashes, merkleRoot } from '../primitives/merkle.ts';
import type { BlockCutter } from './block-parts.ts';
import { type Electorates, indexOf } from './electorate.ts';
import type { CheckedBlock } from './proposal-keeper.ts';
import type { CoreConfig, Crypto, Tip } from './types.ts';

/** What blocks on a tip are made and judged by. */
export type ChainRules = {
  readonly config: Omit<CoreConfig, 'tip'>;
  /** Of the tip and the two heights after it. */
  readonly electorates: Electorates;
  readonly cutter: BlockCutter;
};

/** Block id of header bytes, hex. */
export const blockId = (crypto: Pick<Crypto, 'sha256'>, header: Uint8Array): string =>
  bytesToHex(crypto.sha256(header));

/** RFC 6962 root over the transactions, hex. */
export const txsRoot = ({ sha256 }: Pick<Crypto, 'sha256'>, txs: readonly Uint8Array[]): string =>
  bytesToHex(merkleRoot(leafHashes(txs, sha256), sha256));

/**
 * Judge a block for the height after `tip`. Undefined where the bytes are no block of that height, or where the body is not the
 * header's: kept, such a body would stand in the way of the right one.
 */
export function checkBlock(rules: ChainRules, tip: Tip, block: Block, now_ms: number): CheckedBlock | undefined {
  const header = bindBody(rules.config.crypto, block);
  if (header?.height !== tip.height + 1 || header.parts_hash !== rules.cutter.partsHash(block.txs)) return undefined;
  const is_valid =
    isLinked(rules, tip, header) &&
    isTimely(tip, header, now_ms) &&
    isBeacon(rules, tip, header) &&
    rules.config.app.validate(block.txs);
  return { block, header, is_valid };
}

/** The header, if the transactions are the ones that it commits to and within bounds. */
export function bindBody(crypto: Pick<Crypto, 'sha256'>, { header, txs }: Block): Header | undefined {
  const decoded = decodeHeader(header);
  const isSmall = txs.length <= MAX_BLOCK_TXS && bodyBytes(txs) <= MAX_BLOCK_BYTES;
  return decoded.ok && isSmall && decoded.value.txs_root === txsRoot(crypto, txs) ? decoded.value : undefined;
}

/** Rules that also hold for blocks which a quorum made final long ago. */
export function isLinked({ config, electorates }: ChainRules, tip: Tip, header: Header): boolean {
  const electorate = electorates.at(tip.height + 1);
  return (
    header.chain === config.chain &&
    header.epoch === electorate.epoch &&
    header.height === tip.height + 1 &&
    header.previous === tip.id &&
    header.state_root === tip.state_root &&
    header.validators_hash === electorate.hash &&
    header.next_validators_hash === electorates.at(tip.height + 2).hash &&
    header.proposer < electorate.validators.length
  );
}

/** Time rises, and is not from the future. */
const isTimely = (tip: Tip, header: Header, now_ms: number): boolean =>
  header.time_ms > tip.time_ms && header.time_ms <= now_ms + MAX_CLOCK_DRIFT_MS;

/** Key of the tip's beacon, which the next header carries; null where it carries none. */
const beaconKey = ({ electorates }: ChainRules, { height }: Tip): string | null =>
  height === 0 ? null : electorates.at(height).beacon_key;

/** Beacon of the height before: the same bytes as ours (the signature is unique), or checked against the key of its set. */
function isBeacon(rules: ChainRules, tip: Tip, { beacon }: Header): boolean {
  const key = beaconKey(rules, tip);
  if (key === null) return beacon.length === 0;
  if (tip.beacon !== undefined) return equalBytes(tip.beacon, beacon);
  const { chain, epoch } = rules.electorates.at(tip.height);
  return rules.config.crypto.verifyBeacon(key, beaconMessage(chain, epoch, tip.height), beacon);
}

/** Whether a block for the next height can be made: the beacon of the last one is there. */
export const canMakeBlock = (rules: ChainRules, tip: Tip): boolean =>
  tip.beacon !== undefined || beaconKey(rules, tip) === null;

/** A new block on top of `tip`, by a member of the set after it. */
export function makeBlock(rules: ChainRules, tip: Tip, now_ms: number): Block {
  const { config, electorates, cutter } = rules;
  const { epoch, validators, hash } = electorates.at(tip.height + 1);
  const txs = config.app.prepare({ max_bytes: BLOCK_TARGET_BYTES, max_txs: MAX_BLOCK_TXS });
  const header = encodeHeader({
    v: 1,
    chain: config.chain,
    epoch,
    height: tip.height + 1,
    time_ms: Math.max(now_ms, tip.time_ms + 1),
    proposer: indexOf(validators, config.self),
    previous: tip.id,
    txs_root: txsRoot(config.crypto, txs),
    parts_hash: cutter.partsHash(txs),
    state_root: tip.state_root,
    validators_hash: hash,
    next_validators_hash: electorates.at(tip.height + 2).hash,
    beacon: tip.beacon ?? new Uint8Array(0),
  });
  return { header, txs };
}
