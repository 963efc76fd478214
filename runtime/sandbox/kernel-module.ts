// The kernels' WebAssembly modules: committed files, addressed by their SHA-256 and used only if that matches.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { SandboxError } from './sandbox-error.ts';

/** A module file and the digest that it must have. */
export type KernelModule = { readonly file: URL; readonly sha256: string };

/** The Collatz kernel; infra/kernels/build.mjs makes these bytes from infra/kernels/collatz-v1.as. */
export const COLLATZ_V1: KernelModule = {
  file: new URL('./kernels/collatz-v1.wasm', import.meta.url),
  sha256: '3da898ea93f4b3ca45d201dc76b011104d9d1aef4b4d4bc7fa4515b5e3ca82c2',
};

/**
 * Read a module and check it.
 *
 * @throws SandboxError SANDBOX_KERNEL_MISMATCH when the file is not the pinned one
 */
export async function loadKernelModule({ file, sha256 }: KernelModule): Promise<Uint8Array> {
  const bytes = await readFile(file);
  const actual = createHash('sha256').update(bytes).digest('hex');
  if (actual !== sha256)
    throw new SandboxError('SANDBOX_KERNEL_MISMATCH', { file: file.pathname, expected: sha256, actual });
  return bytes;
}
