// Proposals and block bodies of one height. More than one proposal a round is kept, else an equivocating leader strands honest nodes.

import { bodyBytes } from '#schemas/consensus/block-codec.ts';
import type { Block, Evidence, Header, SignedProposal } from '#schemas/consensus/types.ts';
import { MAX_ROUND_PROPOSALS, MAX_SPARE_BODY_BYTES } from '#schemas/wire/limits.ts';

/** A block that was checked against the tip once, when it came. */
export type CheckedBlock = { readonly block: Block; readonly header: Header; readonly is_valid: boolean };

/** What became of a proposal. */
export type ProposalOutcome = 'kept' | 'known' | 'full';

export class ProposalKeeper {
  readonly #rounds = new Map<number, Map<string, SignedProposal>>();
  readonly #blocks = new Map<string, CheckedBlock>();

  block(value: string): CheckedBlock | undefined {
    return this.#blocks.get(value);
  }

  /** Keep a body that a kept proposal or a certificate names. */
  addBlock(value: string, block: CheckedBlock): void {
    if (!this.#blocks.has(value)) this.#blocks.set(value, block);
  }

  has(proposal: SignedProposal): boolean {
    return this.#rounds.get(proposal.round)?.has(keyOf(proposal)) ?? false;
  }

  /**
   * At most MAX_ROUND_PROPOSALS a round, keyed by (value, valid_round), and of other rounds than the present one only while bodies
   * take no more than MAX_SPARE_BODY_BYTES; one that a certificate names is always kept.
   */
  add(proposal: SignedProposal, present_round: number, isNamed: boolean): ProposalOutcome {
    const kept = this.#rounds.get(proposal.round) ?? new Map<string, SignedProposal>();
    if (kept.has(keyOf(proposal))) return 'known';
    const isSpare = proposal.round !== present_round && this.bodies_bytes > MAX_SPARE_BODY_BYTES;
    if (!isNamed && (isSpare || kept.size >= MAX_ROUND_PROPOSALS)) return 'full';
    kept.set(keyOf(proposal), proposal);
    this.#rounds.set(proposal.round, kept);
    return 'kept';
  }

  /** Evidence that the proposer of the round said something else before. */
  conflict(proposal: SignedProposal): Evidence | undefined {
    const first = this.#rounds.get(proposal.round)?.values().next().value;
    return first !== undefined && keyOf(first) !== keyOf(proposal)
      ? { type: 'double_proposal', a: first, b: proposal }
      : undefined;
  }

  /** Proposals of a round in the order of their arrival. */
  of(round: number): SignedProposal[] {
    return [...(this.#rounds.get(round)?.values() ?? [])];
  }

  /**
   * Forget the proposals of rounds before `oldest`, and bodies that neither a kept proposal nor `isNamed` holds on to; while bodies
   * take more than MAX_SPARE_BODY_BYTES the oldest rounds before `round` go too.
   */
  advance(oldest: number, round: number, isNamed: (value: string) => boolean): void {
    for (const old of this.#rounds.keys()) if (old < oldest) this.#rounds.delete(old);
    if (this.#blocks.size === 0) return;
    this.#dropBodies(isNamed);
    for (const old of [...this.#rounds.keys()].filter((kept) => kept < round).sort((a, b) => a - b)) {
      if (this.bodies_bytes <= MAX_SPARE_BODY_BYTES) return;
      this.#rounds.delete(old);
      this.#dropBodies(isNamed);
    }
  }

  /** What the bodies take. */
  get bodies_bytes(): number {
    return [...this.#blocks.values()].reduce((sum, { block }) => sum + bodyBytes(block.txs), 0);
  }

  /** Proposals and bodies held. */
  get size(): { readonly proposals: number; readonly bodies: number } {
    const proposals = [...this.#rounds.values()].reduce((sum, kept) => sum + kept.size, 0);
    return { proposals, bodies: this.#blocks.size };
  }

  #dropBodies(isNamed: (value: string) => boolean): void {
    const proposed = new Set([...this.#rounds.values()].flatMap((kept) => [...kept.values()].map((p) => p.value)));
    for (const value of this.#blocks.keys()) if (!proposed.has(value) && !isNamed(value)) this.#blocks.delete(value);
  }

  /** Statement keys and body ids, in an order that does not depend on their arrival. */
  summary(): string[] {
    const proposals = [...this.#rounds].flatMap(([round, kept]) => [...kept.keys()].map((key) => `${round}/${key}`));
    const blocks = [...this.#blocks].map(([value, { is_valid }]) => `${value}=${is_valid}`);
    return [...proposals, ...blocks].sort();
  }
}

const keyOf = (proposal: SignedProposal): string => `${proposal.value}/${proposal.valid_round}`;
