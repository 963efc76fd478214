// What a pool and its sandbox processes say to each other over Node's IPC channel (advanced serialisation).

/** Pool → process: have this kernel ready from now on; sent once, before the first run. */
export type LoadRequest = { readonly type: 'load'; readonly module: Uint8Array };

/** Pool → process: compute these sub-units of one unit, in this order. */
export type RunRequest = {
  readonly type: 'run';
  readonly start: bigint;
  readonly unit_log2: number;
  readonly indices: readonly number[];
  /** Bound on the walk of one number; see the kernel's `run`. */
  readonly jumps_max: number;
};

export type SandboxRequest = LoadRequest | RunRequest;

/** Process → pool: one sub-unit is done; suspects in ascending order. */
export type SubUnitReply = {
  readonly type: 'sub_unit';
  readonly index: number;
  readonly result: Uint8Array<ArrayBuffer>;
  readonly suspects: readonly bigint[];
};

/** Process → pool: the kernel trapped; the process stays usable. */
export type TrapReply = { readonly type: 'trap'; readonly message: string };

export type SandboxReply = SubUnitReply | TrapReply;

/** What a kernel module exports. It imports nothing, so it can reach nothing else. */
export type KernelExports = {
  readonly memory: WebAssembly.Memory;
  readonly RESULT: WebAssembly.Global;
  readonly SUSPECTS: WebAssembly.Global;
  prepare(unit_log2: number): void;
  /** Returns how many suspects, as u32 offsets in the sub-unit, stand at SUSPECTS. */
  run(start_low: bigint, start_high: bigint, index: number, jumps_max: number): number;
};
