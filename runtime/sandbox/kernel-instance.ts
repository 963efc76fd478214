// One kernel ready to compute: the WebAssembly instance behind typed calls. Used inside the sandbox process and by tests.
import type { KernelExports } from './protocol.ts';

const RESULT_BYTES = 64;
const SUB_UNITS_LOG2 = 8;

/** An instantiated kernel. */
export type KernelInstance = {
  /** Compute one sub-unit; suspects ascend. Throws WebAssembly.RuntimeError on a unit that the kernel cannot take. */
  run(
    start: bigint,
    unit_log2: number,
    index: number,
    jumps_max: number,
  ): { result: Uint8Array<ArrayBuffer>; suspects: bigint[] };
};

/** Instantiate a kernel from its module's bytes, with no imports. */
export function instantiateKernel(module: Uint8Array<ArrayBuffer>): KernelInstance {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module));
  // The module's bytes are checked against a pinned digest, so its exports are known.
  const kernel = instance.exports as unknown as KernelExports;
  const suspectsOf = (first: bigint, count: number): bigint[] =>
    Array.from(new Uint32Array(kernel.memory.buffer, kernel.SUSPECTS.value, count))
      .sort((a, b) => a - b)
      .map((offset) => first + BigInt(offset));

  return {
    run(start, unit_log2, index, jumps_max) {
      kernel.prepare(unit_log2);
      const count = kernel.run(BigInt.asIntN(64, start), BigInt.asIntN(64, start >> 64n), index, jumps_max);
      const result = new Uint8Array(kernel.memory.buffer, kernel.RESULT.value, RESULT_BYTES).slice();
      return { result, suspects: suspectsOf(start + (BigInt(index) << BigInt(unit_log2 - SUB_UNITS_LOG2)), count) };
    },
  };
}
