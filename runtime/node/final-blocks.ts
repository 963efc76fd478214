// Checks final blocks and turns them into what the ledger executes: certificate, links, body, beacon.
import { txsRoot } from '#machines/consensus/block-rules.ts';
import { checkCertificate } from '#machines/consensus/certificate-rules.ts';
import { bindCertificate } from '#machines/consensus/certified-header.ts';
import { type Electorate, electorateOf } from '#machines/consensus/electorate.ts';
import { genesisMembership } from '#machines/consensus/genesis-membership.ts';
import type { LedgerBlock } from '#machines/settlement/ledger.ts';
import type { FinalBlock, Header } from '#schemas/consensus/types.ts';
import { decodeTx } from '#schemas/settlement/tx-codec.ts';
import { accept, type Result, refuse } from '#schemas/wire/codes.ts';
import type { Chain } from '../network/genesis-file.ts';

/** A final block that was checked, with its header read. */
export type CheckedBlock = { readonly id: string; readonly header: Header; readonly final: FinalBlock };

/** Whose votes make the first blocks final. */
export const genesisElectorate = (chain: Pick<Chain, 'id' | 'genesis'>, crypto: Electorate['crypto']): Electorate =>
  electorateOf(chain.id, genesisMembership(chain), crypto);

/** Everything that can be checked without the state: a quorum of validators did the rest. */
export function checkFinalBlock(electorate: Electorate, final: FinalBlock): Result<CheckedBlock> {
  const bound = bindCertificate(electorate, final.block.header, final.certificate);
  if (!bound.ok) return bound;
  const { id, header } = bound.value;
  if (txsRoot(electorate.crypto, final.block.txs) !== header.txs_root) return refuse('BLOCK_INVALID', 'txs_root');
  const code = checkCertificate(electorate, final.certificate);
  return code === null ? accept({ id, header, final }) : refuse(code, `height ${header.height}`);
}

/** For the ledger. Signatures of transactions were checked by the validators who voted for the block. */
export function ledgerBlock({ header, final }: Pick<CheckedBlock, 'header' | 'final'>): LedgerBlock {
  const beacon = header.beacon.length === 0 ? null : { height: header.height - 1, signature: header.beacon };
  const txs = final.block.txs.map((bytes) => {
    const got = decodeTx(bytes);
    return got.ok ? got.value.tx : null;
  });
  return { height: header.height, time_ms: header.time_ms, beacon, txs };
}
