// One transaction: may it run at all, what does it cost, which module applies it.
import type { Tx } from '#schemas/settlement/transaction.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { MAX_MEMPOOL_TXS_PER_ACCOUNT, MAX_TX_EXPIRY_HEIGHTS } from '#schemas/wire/limits.ts';
import { applyTransfer, balanceOf, move, nextNonce, TREASURY } from './accounts.ts';
import { applyAvailability } from './availability.ts';
import { allOrNothing, type Books, emit } from './books.ts';
import { applyAdjudicate } from './disputes.ts';
import { applyDraws } from './draws.ts';
import { applyArchived } from './epochs.ts';
import { applyEvidence } from './evidence.ts';
import { applySubmit } from './jobs.ts';
import { applyComplain, applyJustify, applyKeygenCommit, applyKeygenDeal } from './keygen.ts';
import { applyRegister } from './nodes.ts';
import { applyResults } from './results.ts';
import { applyJoin, applyLeave } from './validators.ts';

/**
 * Execute a transaction whose signature was verified. One that is out of turn, expired or cannot pay its fee changes
 * nothing; any other takes its nonce and its fee, and is undone otherwise if its module refuses it: so an outbox moves on.
 */
export function applyTx(books: Books, tx: Tx): Code | null {
  const { account, nonce, fee_units } = tx;
  const code = checkTurn(books, tx, books.block.height, nonce - nextNonce(books, account));
  if (code !== null) return code;
  books.tables.nonces.put(account, { next: nonce + 1 });
  move(books, 'credit', account, TREASURY, fee_units);
  const refusal = allOrNothing(books, () => applyBody(books, tx));
  if (refusal !== null) emit(books, { type: 'tx.refused', account, nonce, code: refusal });
  return refusal;
}

/** Whether a transaction may wait for the next block or a later one: earlier nonces may still be to come. */
export function checkTx(books: Books, tx: Tx): Code | null {
  const ahead = tx.nonce - nextNonce(books, tx.account);
  return checkTurn(books, tx, books.block.height + 1, ahead < MAX_MEMPOOL_TXS_PER_ACCOUNT ? Math.min(ahead, 0) : ahead);
}

/** @param ahead transactions of the account that are missing before this one; below 0: it was used */
function checkTurn(books: Books, tx: Tx, height: number, ahead: number): Code | null {
  if (tx.chain !== books.chain) return 'NETWORK_MISMATCH';
  if (tx.expiry_height < height) return 'TX_EXPIRED';
  if (tx.expiry_height > height + MAX_TX_EXPIRY_HEIGHTS) return 'TX_EXPIRY_TOO_FAR';
  if (ahead !== 0) return ahead < 0 ? 'TX_NONCE_LOW' : 'TX_NONCE_HIGH';
  if (tx.fee_units < books.params.min_fee_units) return 'TX_FEE_LOW';
  return balanceOf(books, 'credit', tx.account) < tx.fee_units ? 'BALANCE_LOW' : null;
}

function applyBody(books: Books, tx: Tx): Code | null {
  const { body } = tx;
  switch (body.type) {
    case 'transfer':
      return applyTransfer(books, tx, body);
    case 'node.register':
      return applyRegister(books, tx, body);
    case 'job.submit':
      return applySubmit(books, tx, body);
    case 'availability':
      return applyAvailability(books, tx, body);
    case 'draw':
      return applyDraws(books, tx, body);
    case 'results':
      return applyResults(books, tx, body);
    case 'adjudicate':
      return applyAdjudicate(books, tx, body);
    case 'evidence':
      return applyEvidence(books, tx, body);
    case 'settlement.archived':
      return applyArchived(books, tx, body);
    case 'validator.join':
      return applyJoin(books, tx, body);
    case 'validator.leave':
      return applyLeave(books, tx);
    case 'keygen.commit':
      return applyKeygenCommit(books, tx, body);
    case 'keygen.deal':
      return applyKeygenDeal(books, tx, body);
    case 'keygen.complain':
      return applyComplain(books, tx, body);
    case 'keygen.justify':
      return applyJustify(books, tx, body);
  }
}
