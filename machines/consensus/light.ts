// The light client's rule: from one trusted block to any later one, by its commit certificate alone. Nothing is executed.
import { HASH_BYTES } from '#schemas/consensus/fixed-layout.ts';
import { type Result, refuse } from '#schemas/wire/codes.ts';
import type { Electorate } from './certificate-rules.ts';
import type { NamedHeader } from './certified-header.ts';

/** A block whose finality is not asked about again; `id` in hex. */
export type TrustedBlock = { readonly height: number; readonly id: string };

/** What whoever has the genesis file trusts: the height before the first, under the id that the first block links to. */
export const GENESIS_BLOCK: TrustedBlock = { height: 0, id: '00'.repeat(HASH_BYTES) };

/**
 * Judge a header whose certificate was checked against `electorate`. Blocks between may be skipped while the set is the trusted
 * one: with less than a third of its power Byzantine no two of its certificates contradict each other (skipping verification,
 * Braithwaite et al., arXiv 2010.07031, §3, with the same set at both ends). Where two blocks stand side by side, they must link.
 *
 * Refusals: LIGHT_SET_CHANGED, LIGHT_BEHIND, LIGHT_FORK.
 *
 * @param validators_hash of the electorate's set, hex
 */
export function judgeStep(
  { epoch }: Pick<Electorate, 'epoch'>,
  validators_hash: string,
  trusted: TrustedBlock,
  next: Result<NamedHeader>,
): Result<NamedHeader> {
  if (!next.ok) return next;
  const { id, header } = next.value;
  const { height, previous } = header;
  if (header.epoch !== epoch || header.validators_hash !== validators_hash)
    return refuse('LIGHT_SET_CHANGED', `height ${height}`);
  if (height < trusted.height) return refuse('LIGHT_BEHIND', `height ${height}, trusted ${trusted.height}`);
  const contradicts =
    height === trusted.height ? id !== trusted.id : height === trusted.height + 1 && previous !== trusted.id;
  return contradicts
    ? refuse('LIGHT_FORK', `block ${id} at height ${height}, trusted ${trusted.id} at ${trusted.height}`)
    : next;
}
