// The kernels' WebAssembly modules: committed files, addressed by their SHA-256 and used only if that matches.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { SandboxError } from './sandbox-error.ts';

/** A module file and the digest that it must have. */
export type KernelModule = { readonly file: URL; readonly sha256: string };

/** The Collatz kernel; infra/kernels/build.mjs makes these bytes from infra/kernels/collatz-v1.as. */
export const COLLATZ_V1: KernelModule = {
  file: new URL('./kernels/collatz-v1.wasm', import.meta.url),
  sha256: '7a97183ce4b50187d7e87f13f2159f941e66af5bc97b0911f8dc69bd97a04b1a',
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
