// A chain that nobody decided: blocks with certificates signed by all keys at once, put into stores as if they had been final there.
import { randomBytes } from 'node:crypto';
import { BlockCutter } from '#machines/consensus/block-parts.ts';
import { blockId, txsRoot } from '#machines/consensus/block-rules.ts';
import type { Tip } from '#machines/consensus/types.ts';
import { quorum } from '#machines/primitives/quorum.ts';
import { finalOps } from '#runtime/consensus/block-store.ts';
import type { Signer } from '#runtime/keys/ed25519.ts';
import { sha256 } from '#runtime/keys/sha256.ts';
import type { StoreOp } from '#runtime/store/store.ts';
import { encodeHeader } from '#schemas/consensus/block-codec.ts';
import { membershipHash } from '#schemas/consensus/membership-codec.ts';
import type { Certificate, FinalBlock, Membership, Vote } from '#schemas/consensus/types.ts';
import { voteSignBytes } from '#schemas/consensus/vote-codec.ts';
import { nextRoot } from './hash-root.ts';

/** Transactions of a block, and bytes of one: what the consensus bench decides under load. */
const TXS = 8;
const TX_BYTES = 256;

export type Author = { readonly chain: string; readonly keys: readonly Signer[]; readonly membership: Membership };

/** What a store holds after `count` blocks. */
export function writeChain(author: Author, count: number): StoreOp[] {
  const { chain, membership } = author;
  const validators_hash = membershipHash(membership);
  const cutter = new BlockCutter({ sha256 });
  const ops: StoreOp[] = [];
  let tip: Tip = { height: 0, id: '0'.repeat(64), time_ms: 0, state_root: '0'.repeat(64) };
  for (let height = 1; height <= count; height++) {
    const txs = Array.from({ length: TXS }, () => randomBytes(TX_BYTES));
    const header = encodeHeader({
      v: 1,
      chain,
      epoch: 0,
      height,
      time_ms: height,
      proposer: height % membership.validators.length,
      previous: tip.id,
      txs_root: txsRoot({ sha256 }, txs),
      parts_hash: cutter.partsHash(txs),
      state_root: tip.state_root,
      beacon: new Uint8Array(0),
      validators_hash,
      next_validators_hash: validators_hash,
    });
    const id = blockId({ sha256 }, header);
    const final: FinalBlock = { block: { header, txs }, certificate: certify(author, height, id) };
    tip = { height, id, time_ms: height, state_root: nextRoot(tip.state_root, txs) };
    ops.push(...finalOps(tip, final));
  }
  return [...ops, { type: 'put', key: 'app/root', value: Buffer.from(tip.state_root, 'hex') }];
}

function certify({ chain, keys }: Author, height: number, value: string): Certificate {
  const votes = keys.slice(0, quorum(keys.length)).map((key, validator) => {
    const vote: Vote = { type: 'precommit', epoch: 0, height, round: 0, value, valid_round: -1, validator };
    return { ...vote, signature: key.sign(voteSignBytes(chain, vote)) };
  });
  return { type: 'commit', height, round: 0, value, votes };
}
