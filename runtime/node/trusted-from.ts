// Where a node's trust begins.
import { type Anchor, GENESIS_BLOCK } from '#machines/consensus/light.ts';
import { readFinalBlock } from '../consensus/block-store.ts';
import { readCheckpoint } from '../light/checkpoint-file.ts';
import { LightError } from '../light/light-error.ts';
import type { NodeContext, NodeOptions } from './context.ts';
import { productionCrypto } from './crypto.ts';
import { genesisElectorate } from './final-blocks.ts';

type Trusting = Pick<NodeContext, 'chain' | 'store' | 'bell'> & {
  readonly options: Pick<NodeOptions, 'from' | 'onFailure'>;
};

/**
 * At the checkpoint that its operator gave, or at the genesis. From here on no other chain than the one with the checkpoint's block is
 * followed, whether it comes as a snapshot or block by block.
 *
 * @throws LightError LIGHT_CHECKPOINT_UNREADABLE | LIGHT_CHECKPOINT_FOREIGN | LIGHT_FORK
 */
export async function trustedFrom({ options, chain, store, bell }: Trusting): Promise<Anchor> {
  if (options.from === undefined) return { set: genesisElectorate(chain, productionCrypto), block: GENESIS_BLOCK };
  const { set, block } = await readCheckpoint(options.from, chain.id, productionCrypto);
  const forkAt = (id: string) =>
    new LightError('LIGHT_FORK', `block ${id} at height ${block.height}, trusted ${block.id}`);
  const held = await readFinalBlock(store, block.height);
  const id = held?.certificate.value ?? block.id;
  if (id !== block.id) throw forkAt(id);
  bell.onBlock(({ checked }) => {
    if (checked.header.height === block.height && checked.id !== block.id) options.onFailure(forkAt(checked.id));
  });
  return { set, block };
}
