// For tests of the network's defences: a pool that computes a quarter of each unit and invents the rest, as a lazy worker would.
import { randomBytes } from 'node:crypto';
import { kernelSpec, RESULT_BYTES } from '#machines/work/kernels/kernel.ts';
import type { SandboxPool } from './pool.ts';

/** Units come out with the first quarter of their sub-units right and three quarters invented; audits of others stay honest. */
export function fakeSubUnits(pool: SandboxPool): SandboxPool {
  return {
    pids: () => pool.pids(),
    close: () => pool.close(),
    runAtOnce: () => undefined,
    runSubUnits: (unit, indices, options) => pool.runSubUnits(unit, indices, options),
    async runUnit(unit, options) {
      const count = kernelSpec(unit.kernel).sub_units_count;
      const computed = Array.from({ length: count / 4 }, (_, index) => index);
      const { results, suspects } = await pool.runSubUnits(unit, computed, options);
      const invented = Array.from({ length: count - computed.length }, () => new Uint8Array(randomBytes(RESULT_BYTES)));
      return { results: [...results, ...invented], suspects };
    },
  };
}
