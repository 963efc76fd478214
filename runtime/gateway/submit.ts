// A posted transaction: decoded, its signature checked, asked of the ledger, then handed to the validators. Nothing is signed here.
import type { Crypto } from '#machines/consensus/types.ts';
import type { Ledger } from '#machines/settlement/ledger.ts';
import { decodeTx, txSignBytes } from '#schemas/settlement/tx-codec.ts';
import { accept, type Code, type Result, refuse } from '#schemas/wire/codes.ts';
import { subject } from '#schemas/wire/subjects.ts';
import type { Bus } from '../bus/bus.ts';
import { BusError } from '../bus/bus-error.ts';
import { ApiError } from './api-error.ts';
import { nativeTxId } from './transaction-log.ts';
import type { ViewKeeper } from './view.ts';

export type SubmitOptions = {
  readonly ledger: Ledger;
  readonly keeper: ViewKeeper;
  readonly bus: Pick<Bus, 'publish'>;
  /** The gateway's id: its subject carries what clients sign. */
  readonly self: string;
  readonly crypto: Pick<Crypto, 'verify'>;
  readonly now_ms: () => number;
};

const BAD_BYTES: readonly Code[] = ['TX_MALFORMED', 'SCHEMA_MISMATCH'];

/** The id of the transaction once a stream holds it. @throws ApiError with the reason */
export async function submitTx(options: SubmitOptions, wire: Uint8Array): Promise<string> {
  const checked = check(options, wire);
  if (!checked.ok) throw new ApiError(statusOf(checked.code), checked.code, checked.detail);
  await hand(options, wire);
  options.keeper.transactions.notePosted(checked.value.id, checked.value.tx);
  return checked.value.id;
}

function check({ ledger, keeper, crypto, now_ms }: SubmitOptions, wire: Uint8Array) {
  const got = decodeTx(wire);
  if (!got.ok) return got;
  const { tx, bytes, signature } = got.value;
  if (!crypto.verify(tx.account, txSignBytes(bytes), signature)) return refuse('TX_SIGNATURE_INVALID');
  const code = ledger.check(tx);
  if (code === null) return accept({ id: nativeTxId(wire), tx });
  keeper.noteRefusal(code, tx.account, now_ms());
  return refuse(code);
}

/** The broker being away is no fault of the request. */
async function hand({ bus, self }: SubmitOptions, wire: Uint8Array): Promise<void> {
  try {
    await bus.publish(subject.transaction(self), wire);
  } catch (error) {
    if (error instanceof BusError) throw new ApiError(503, error.code);
    throw error;
  }
}

function statusOf(code: Extract<Result<never>, { ok: false }>['code']): number {
  if (code === 'MESSAGE_TOO_LARGE') return 413;
  return BAD_BYTES.includes(code) ? 400 : 422;
}
