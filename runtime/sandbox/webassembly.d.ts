// The part of WebAssembly's JavaScript API that the sandbox uses; neither lib es2025 nor Node's types declare it.
declare namespace WebAssembly {
  function validate(bytes: Uint8Array<ArrayBuffer>): boolean;
  class Module {
    constructor(bytes: Uint8Array<ArrayBuffer>);
  }
  class Instance {
    constructor(module: Module, imports?: Readonly<Record<string, unknown>>);
    readonly exports: Readonly<Record<string, unknown>>;
  }
  class RuntimeError extends Error {}
  type Memory = { readonly buffer: ArrayBuffer };
  type Global = { readonly value: number };
}
