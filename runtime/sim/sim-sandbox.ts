// The sandbox port of simulated workers: units that compute nothing, run by the production kernel rules, and lies on demand.
import type { Prng } from '#machines/primitives/prng.ts';
import { commitment } from '#machines/work/commitment.ts';
import { kernelSpec } from '#machines/work/kernels/kernel.ts';
import { noopResult } from '#machines/work/kernels/noop.ts';
import { openSubUnit, unitRoot } from '#machines/work/kernels/unit-tree.ts';
import { fromU128 } from '#schemas/wire/fields.ts';
import type { SandboxRequest } from '#schemas/work/sandbox.ts';
import { twinCrypto } from './twin-crypto.ts';

/** Answers one request at once. */
export type SimSandbox = (request: SandboxRequest) => unknown;

/**
 * The sandbox of one worker.
 *
 * @param lies whether its results are made up
 */
export function createSimSandbox(worker: string, prng: Prng, lies: boolean): SimSandbox {
  const kept = new Map<string, readonly Uint8Array[]>();
  const compute = (start: Uint8Array, index: number): Uint8Array =>
    lies ? new Uint8Array(64).fill(1 + prng.below(255)) : noopResult(fromU128(start), index);

  return (request) => {
    const key = `${request.unit}#${request.attempt}`;
    switch (request.action) {
      case 'run': {
        const count = kernelSpec('noop/v1').sub_units_count;
        const results = kept.get(key) ?? Array.from({ length: count }, (_, index) => compute(request.start, index));
        kept.set(key, results);
        return outcome(worker, request, results, prng);
      }
      case 'open':
        return { openings: request.indices.map((index) => open(kept.get(key) ?? [], index)) };
      case 'recompute':
        return { results: request.indices.map((index) => ({ index, result: compute(request.start, index) })) };
      case 'forget':
        kept.delete(key);
        return {};
    }
  };
}

function outcome(worker: string, { unit, attempt }: SandboxRequest, results: readonly Uint8Array[], prng: Prng) {
  const bytes = new Uint8Array(results.length * 64);
  results.forEach((result, i) => bytes.set(result, 64 * i));
  const salt = Uint8Array.from({ length: 16 }, () => prng.below(256));
  const shown = { root: unitRoot(results), output_hash: twinCrypto.sha256(bytes), fuel: 0, salt };
  return { ...shown, commitment: commitment(worker, { unit, attempt, ...shown }, twinCrypto.sha256), suspects: [] };
}

const open = (results: readonly Uint8Array[], index: number) => ({
  index,
  result: results[index] ?? new Uint8Array(64),
  proof: openSubUnit(results, index),
});
