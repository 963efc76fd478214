// What the gateway needs of its node: the chain, the ledger as executed here, and each final block as it comes.
import type { Ledger, LedgerBlock } from '#machines/settlement/ledger.ts';
import type { BlockChanges } from '#machines/settlement/types.ts';
import type { FinalBlock, Header } from '#schemas/consensus/types.ts';
import type { Chain } from '../network/genesis-file.ts';

/** A final block that the node has verified and executed. */
export type SeenBlock = {
  readonly header: Header;
  readonly final: FinalBlock;
  readonly result: BlockChanges;
  /** Its transactions, decoded; null for one that is malformed. */
  readonly txs: LedgerBlock['txs'];
  /** Node's clock when the block with its certificate was in its hands, ms. */
  readonly received_ms: number;
};

/** The node's side of the port. */
export type GatewayReads = {
  readonly chain: Chain;
  /** Stands after the last block that listeners were told. */
  readonly ledger: Ledger;
  /** Hear each final block from now on, in order, once the ledger has executed it; the answer ends it. */
  onBlock(listener: (block: SeenBlock) => void): () => void;
};
