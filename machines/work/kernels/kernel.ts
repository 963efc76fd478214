// The kernels that the network can run: how a unit divides into sub-units, and which units each kernel accepts.

/** Length of every sub-unit result of every kernel, bytes. */
export const RESULT_BYTES = 64;

export type KernelName = 'collatz/v1' | 'noop/v1';

/** What the ledger and the workers must know of a kernel without running it. */
export type KernelSpec = {
  /** Pieces of a unit that can be recomputed alone: what an audit draws from. */
  readonly sub_units_count: number;
  /** Smallest and largest size of a unit, as the power of two of its numbers. */
  readonly min_unit_log2: number;
  readonly max_unit_log2: number;
  /** First start that the kernel is sound for, and the end up to which suspects stay rare (exclusive). */
  readonly min_start: bigint;
  readonly max_end: bigint;
  /** Whether its units take no time at all. */
  readonly is_free: boolean;
};

const SPECS: Readonly<Record<KernelName, KernelSpec>> = {
  // Bounds: docs/protocol/collatz-kernel.md, "Bounds".
  'collatz/v1': {
    sub_units_count: 256,
    min_unit_log2: 20,
    max_unit_log2: 40,
    min_start: 2n ** 20n,
    max_end: 2n ** 88n,
    is_free: false,
  },
  'noop/v1': {
    sub_units_count: 4,
    min_unit_log2: 8,
    max_unit_log2: 40,
    min_start: 0n,
    max_end: 2n ** 128n,
    is_free: true,
  },
};

/** Every kernel by its name; `undefined` for a name that is none. */
export const KERNELS: ReadonlyMap<string, KernelSpec> = new Map(Object.entries(SPECS));

/** Whether the network has a kernel of this name. */
export const isKernel = (name: string): name is KernelName => KERNELS.has(name);

/** The kernel of a known name. */
export const kernelSpec = (kernel: KernelName): KernelSpec => SPECS[kernel];

/** One unit of work: 2^unit_log2 consecutive numbers from `start`. */
export type Unit = { readonly kernel: KernelName; readonly start: bigint; readonly unit_log2: number };

/** Whether the kernel can compute this unit: its size and range are within bounds, its start a multiple of its size. */
export function isUnit({ kernel, start, unit_log2 }: Unit): boolean {
  const spec = SPECS[kernel];
  if (!Number.isInteger(unit_log2) || unit_log2 < spec.min_unit_log2 || unit_log2 > spec.max_unit_log2) return false;
  const size = 2n ** BigInt(unit_log2);
  return start >= spec.min_start && start % size === 0n && start + size <= spec.max_end;
}
