// The sandbox port of simulated workers: units that compute nothing, run by the production kernel rules, and lies on demand.
import type { Prng } from '#machines/primitives/prng.ts';
import { commitment } from '#machines/work/commitment.ts';
import { kernelSpec } from '#machines/work/kernels/kernel.ts';
import { noopResults } from '#machines/work/kernels/noop.ts';
import { openSubUnits, unitRoot } from '#machines/work/kernels/unit-tree.ts';
import { reportDigest } from '#machines/work/report-digest.ts';
import { fromU128 } from '#schemas/wire/fields.ts';
import type { BatchAnswer, SandboxRequest, Work } from '#schemas/work/sandbox.ts';
import { twinCrypto } from './twin-crypto.ts';

const sha256: typeof twinCrypto.sha256 = (data) => twinCrypto.sha256(data);

/** Every sub-unit of a unit. */
const ALL = Array.from({ length: kernelSpec('noop/v1').sub_units_count }, (_, index) => index);

/** Answers one request at once. */
export type SimSandbox = (request: SandboxRequest) => unknown;

/**
 * The sandbox of one worker.
 *
 * @param lies whether its results are those of other numbers
 */
export function createSimSandbox(worker: string, prng: Prng, lies: boolean): SimSandbox {
  const compute = (start: Uint8Array, indices: readonly number[]): readonly Uint8Array[] =>
    noopResults(fromU128(start) + (lies ? 1n : 0n), indices, sha256);
  const all = (start: Uint8Array): readonly Uint8Array[] => compute(start, ALL);
  const answer = (request: Work) => {
    switch (request.action) {
      case 'run':
        return outcome(worker, request, all(request.start), prng);
      case 'open':
        return { openings: openSubUnits(all(request.start), request.indices, sha256) };
      case 'report':
        return { digest: reportDigest(worker, request, compute(request.start, request.indices), sha256) };
    }
  };
  return (request) => {
    if (request.action === 'recompute') {
      const { start, indices } = request;
      return { results: compute(start, indices).map((result, i) => ({ index: indices[i], result })) };
    }
    const answers = request.works.map((work) => {
      const { action, unit, attempt } = work;
      return { action, unit, attempt, ...answer(work) };
    });
    return { answers } as BatchAnswer;
  };
}

function outcome(worker: string, { unit, attempt }: Work, results: readonly Uint8Array[], prng: Prng) {
  const bytes = new Uint8Array(results.length * 64);
  results.forEach((result, i) => bytes.set(result, 64 * i));
  const salt = Uint8Array.from({ length: 16 }, () => prng.below(256));
  const shown = { root: unitRoot(results, sha256), output_hash: sha256(bytes), fuel: 0, salt };
  return { ...shown, commitment: commitment(worker, { unit, attempt, ...shown }, sha256), suspects: [] };
}
