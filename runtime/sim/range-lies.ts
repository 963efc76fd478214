// What a liar answers to a validator that lags: ranges of blocks that are short, false, or not what was asked for.
import type { Prng } from '#machines/primitives/prng.ts';
import type { FinalBlock } from '#schemas/consensus/types.ts';

type Lie = (blocks: readonly FinalBlock[], at: number) => readonly FinalBlock[];

/** Block `at` is the one that each is about. */
const LIES: readonly Lie[] = [
  (blocks) => blocks.slice(0, 1),
  (blocks, at) => blocks.toSpliced(at, 1),
  (blocks) => blocks.toReversed(),
  (blocks) => [...blocks, ...blocks],
  (blocks, at) => blocks.map((final, i) => (i === at ? { ...final, block: { ...final.block, txs: [] } } : final)),
  (blocks, at) => blocks.map((final, i) => (i === at ? unsigned(final) : final)),
];

/** The blocks as a liar gives them. */
export const lieRange = (blocks: readonly FinalBlock[], prng: Prng): readonly FinalBlock[] =>
  blocks.length === 0 ? blocks : prng.pick(LIES)(blocks, prng.below(blocks.length));

/** With a certificate that nobody signed: within a range it is not looked at, at its end it must be. */
const unsigned = ({ block, certificate }: FinalBlock): FinalBlock => ({
  block,
  certificate: { ...certificate, votes: certificate.votes.map((vote) => ({ ...vote, signature: new Uint8Array(64) })) },
});
