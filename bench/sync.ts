// Measures block sync: a validator with an empty disk fetches and executes a chain from others, over a real broker and real disks.
import { type Metrics, perSecond, seconds } from './figures.ts';
import { next, startValidators } from './validator-network.ts';

const BLOCKS = 1_000;
/** Validators that serve, whatever the size of the set: as many ranges are under way at once. */
const SERVERS = 8;

/** `sync_s`: from the start of the process to the last block executed and written; `resident_mb`: memory then. */
export async function benchSync({ validators }: { readonly validators: number }): Promise<Metrics> {
  const fresh = validators - 1;
  const servers = Math.min(fresh, SERVERS);
  const network = await startValidators(validators, { blocks: BLOCKS, running: servers });
  try {
    const begin_ms = performance.now();
    await network.restart(fresh);
    const child = network.child(fresh);
    await network.reached(fresh, BLOCKS);
    const sync_ms = performance.now() - begin_ms;
    child.send('usage');
    const { rss_mb } = await next(child, 'usage');
    return {
      sync_s: seconds(sync_ms),
      blocks_per_second: perSecond((BLOCKS * 1_000) / sync_ms, 'blocks'),
      resident_mb: { value: Math.round(rss_mb), unit: 'MB' },
    };
  } finally {
    await network.stop();
  }
}
