// Main of a sandbox process: computes what its pool asks for. It may read its own sources and nothing else.
import { instantiateKernel, type KernelInstance } from './kernel-instance.ts';
import type { RunRequest, SandboxReply, SandboxRequest } from './protocol.ts';

let kernel: KernelInstance | undefined;

process.on('message', (request: SandboxRequest) => {
  if (request.type === 'load') kernel = instantiateKernel(new Uint8Array(request.module));
  else void compute(request);
});

async function compute({ start, unit_log2, indices, jumps_max }: RunRequest): Promise<void> {
  try {
    for (const index of indices) {
      if (kernel === undefined) throw new Error('no kernel was loaded');
      const { result, suspects } = kernel.run(start, unit_log2, index, jumps_max);
      // Waiting for the send lets the channel breathe: a pool that has gone is noticed between two sub-units.
      await reply({ type: 'sub_unit', index, result, suspects });
    }
  } catch (error) {
    await reply({ type: 'trap', message: String(error) });
  }
}

/** Send to the pool; without a pool there is no reason to go on. */
function reply(message: SandboxReply): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined) process.exit(1);
    process.send(message, (error: Error | null) => (error === null ? resolve() : process.exit(1)));
  });
}
