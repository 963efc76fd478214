// A validator's signer in the simulator: the production rule over twin keys.
import type { Proposal, Vote } from '#schemas/consensus/types.ts';
import { proposalSignBytes, voteSignBytes } from '#schemas/consensus/vote-codec.ts';
import { accept, type Result, refuse } from '#schemas/wire/codes.ts';
import { twinCrypto } from './twin-crypto.ts';
import type { World } from './world.ts';

export type SignerRecord = { readonly position: number; readonly bytes: Uint8Array; readonly signature: Uint8Array };
type Signed = { readonly record: SignerRecord; readonly signature: Uint8Array };

export type SimSigner = {
  vote(vote: Vote): Result<Signed>;
  proposal(proposal: Proposal): Result<Signed>;
};

/** The signer of one process, going on from the record on its disk. */
export function createSimSigner(world: World, validator: number, last: SignerRecord | undefined): SimSigner {
  const { chain, validators } = world.base;
  const key = validators[validator]?.id ?? '';
  let record = last;
  function sign({ height, round }: Proposal | Vote, step: number, bytes: Uint8Array): Result<Signed> {
    const position = (height * 65_536 + round) * 3 + step;
    if (record !== undefined && position <= record.position) {
      const isSame = bytes.length === record.bytes.length && bytes.every((byte, i) => byte === record?.bytes[i]);
      return isSame ? accept({ record, signature: record.signature }) : refuse('SIGNER_CONFLICT', `${height}/${round}/${step}`);
    }
    record = { position, bytes, signature: twinCrypto.sign(key, bytes) };
    return accept({ record, signature: record.signature });
  }
  return {
    vote(vote) {
      world.votes.signed(vote);
      return sign(vote, vote.type === 'prevote' ? 1 : 2, voteSignBytes(chain, vote));
    },
    proposal: (proposal) => sign(proposal, 0, proposalSignBytes(chain, proposal)),
  };
}
