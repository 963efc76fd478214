// Whether a network takes a module: the admission pass, and the engine's own validation of what came and of what will run.
import { assert } from '#machines/primitives/assert.ts';
import { type AdmittedModule, admitModule, type ModuleRefusal, moduleAddress } from '#machines/wasm/admission.ts';
import { FLOAT_RULES, WHOLE_RULES } from '#machines/wasm/rules.ts';
import { sha256 } from '../keys/sha256.ts';

/** A module that a network takes, and the 32 bytes that name it there. */
export type CheckedModule = AdmittedModule & { readonly ok: true; readonly address: Uint8Array };

/** @param hasFloats the float profile */
export function checkModule(bytes: Uint8Array<ArrayBuffer>, hasFloats = false): CheckedModule | ModuleRefusal {
  const rules = hasFloats ? FLOAT_RULES : WHOLE_RULES;
  const admitted = admitModule(bytes, rules);
  if (!admitted.ok) return admitted;
  if (!WebAssembly.validate(bytes)) return invalid(bytes);
  assert(WebAssembly.validate(admitted.value.bytes), 'a valid module is valid when it is rewritten');
  return { ok: true, ...admitted.value, address: moduleAddress(bytes, rules, sha256) };
}

/** The engine says where, in words: `…: i32.add[0] expected type i32, found local.get of type i64 @+41`. */
function invalid(bytes: Uint8Array<ArrayBuffer>): ModuleRefusal {
  try {
    new WebAssembly.Module(bytes);
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    const detail = message.replace(/^WebAssembly\.Module\(\): /, '').replace(/ @\+\d+$/, '');
    return { ok: false, code: 'MODULE_INVALID', detail, at_byte: Number(/@\+(\d+)$/.exec(message)?.[1] ?? 0) };
  }
  return { ok: false, code: 'MODULE_INVALID', at_byte: 0 };
}
