// Measures how long a local network takes from nothing to its first block, after the set-up.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConsoleClient, pause } from '#runtime/network/console-client.ts';
import { startLocalNetwork } from '#runtime/network/local-network.ts';
import { type Metrics, median, seconds } from './figures.ts';

const RUNS = 5;

/** From the call to the gateway's first final block: keys, genesis, broker, four validators, services, consensus. */
export async function benchStart(): Promise<Metrics> {
  const firstBlocks: number[] = [];
  const stops: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const dir = await mkdtemp(join(tmpdir(), 'sortition-bench-'));
    const begin_ms = performance.now();
    const network = await startLocalNetwork({ dir, port: 0, isSupervised: false });
    const client = new ConsoleClient(network.gateway_url);
    while ((await client.view()).height === 0) await pause(10);
    firstBlocks.push(performance.now() - begin_ms);
    const stop_ms = performance.now();
    await network.stop();
    stops.push(performance.now() - stop_ms);
    await rm(dir, { recursive: true, force: true });
  }
  return { start_to_first_block_s: seconds(median(firstBlocks)), stop_s: seconds(median(stops)) };
}
