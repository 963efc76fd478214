// When a block may be voted for, and how the proposer makes one that may.
import { bytesToHex } from '@noble/hashes/utils.js';
import { bodyBytes, decodeHeader, encodeHeader, encodeValidatorSet } from '#schemas/consensus/block-codec.ts';
import type { Block, Header, ValidatorSet } from '#schemas/consensus/types.ts';
import { BLOCK_TARGET_BYTES, MAX_BLOCK_BYTES, MAX_BLOCK_TXS, MAX_CLOCK_DRIFT_MS } from '#schemas/wire/limits.ts';
import { equalBytes } from '../primitives/bytes.ts';
import { leafHashes, merkleRoot } from '../primitives/merkle.ts';
import type { BlockCutter } from './block-parts.ts';
import type { CheckedBlock } from './proposal-keeper.ts';
import type { CoreConfig, Crypto, Tip } from './types.ts';

/** What does not change while the set stays: computed once a core. */
export type ChainRules = {
  readonly config: Omit<CoreConfig, 'tip'>;
  readonly epoch: number;
  /** SHA-256 over the encoded validator set, hex. */
  readonly validators_hash: string;
  readonly cutter: BlockCutter;
};

/** SHA-256 over the encoded set, hex. */
export const validatorsHash = (config: {
  readonly crypto: Pick<Crypto, 'sha256'>;
  readonly validators: ValidatorSet;
}): string => bytesToHex(config.crypto.sha256(encodeValidatorSet(config.validators)));

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
export function isLinked({ config, epoch, validators_hash }: ChainRules, tip: Tip, header: Header): boolean {
  return (
    header.chain === config.chain &&
    header.epoch === epoch &&
    header.height === tip.height + 1 &&
    header.previous === tip.id &&
    header.state_root === tip.state_root &&
    header.validators_hash === validators_hash &&
    header.proposer < config.validators.length
  );
}

/** Time rises, and is not from the future. */
const isTimely = (tip: Tip, header: Header, now_ms: number): boolean =>
  header.time_ms > tip.time_ms && header.time_ms <= now_ms + MAX_CLOCK_DRIFT_MS;

/** Beacon of the height before: the same bytes as ours (the signature is unique), or checked against the group key. */
function isBeacon({ config }: ChainRules, tip: Tip, header: Header): boolean {
  if (!config.beacon_required || tip.height === 0) return header.beacon.length === 0;
  if (tip.beacon !== undefined) return equalBytes(tip.beacon, header.beacon);
  return config.crypto.verifyBeacon(tip.height, header.beacon);
}

/** Whether a block for the next height can be made: the beacon of the last one is there. */
export const canMakeBlock = ({ config }: ChainRules, tip: Tip): boolean =>
  !config.beacon_required || tip.height === 0 || tip.beacon !== undefined;

/** A new block on top of `tip`. */
export function makeBlock({ config, epoch, validators_hash, cutter }: ChainRules, tip: Tip, now_ms: number): Block {
  const txs = config.app.prepare({ max_bytes: BLOCK_TARGET_BYTES, max_txs: MAX_BLOCK_TXS });
  const header = encodeHeader({
    v: 1,
    chain: config.chain,
    epoch,
    height: tip.height + 1,
    time_ms: Math.max(now_ms, tip.time_ms + 1),
    proposer: config.self,
    previous: tip.id,
    txs_root: txsRoot(config.crypto, txs),
    parts_hash: cutter.partsHash(txs),
    state_root: tip.state_root,
    beacon: config.beacon_required && tip.beacon !== undefined ? tip.beacon : new Uint8Array(0),
    validators_hash,
  });
  return { header, txs };
}
