// What dealers and receivers say in a key generation on the chain: commit, deal, complain, justify; each in its phase, once.
import type { KeygenPhase, KeygenRow } from '#schemas/settlement/state.ts';
import type { Tx } from '#schemas/settlement/transaction.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { dealingHash } from '../beacon/plan.ts';
import { equalBytes } from '../primitives/bytes.ts';
import type { Books } from './books.ts';
import {
  convict,
  dealingKey,
  dealingOf,
  generationOf,
  isDealt,
  openKeygen,
  phaseAt,
  placeIn,
  planOf,
} from './keygen-plan.ts';

type Body<T extends Tx['body']['type']> = Extract<Tx['body'], { type: T }>;

const NO_DEALING = { dealing: new Uint8Array(0), fault: '', complaints: [] } as const;

/** The generation that a transaction speaks of, if it is in that phase. */
function keygenIn(books: Books, epoch: number, phase: KeygenPhase): KeygenRow | Code {
  const row = openKeygen(books);
  if (row?.epoch !== epoch) return 'KEYGEN_UNKNOWN';
  return phaseAt(books, row, books.block.height) === phase ? row : 'KEYGEN_PHASE_WRONG';
}

/** Transaction `keygen.commit`: a dealer fixes its dealing without showing it. */
export function applyKeygenCommit(books: Books, { account }: Tx, { epoch, hash }: Body<'keygen.commit'>): Code | null {
  const row = keygenIn(books, epoch, 'commit');
  if (typeof row === 'string') return row;
  if (placeIn(planOf(books, row).dealers, account) < 0) return 'NOT_AUTHORISED';
  if (dealingOf(books, epoch, account) !== undefined) return 'KEYGEN_DONE';
  books.tables.dealings.put(dealingKey(epoch, account), { hash, ...NO_DEALING });
  return null;
}

/** Transaction `keygen.deal`: what was committed to. It is kept even when it is bad, since it convicts its dealer. */
export function applyKeygenDeal(books: Books, { account }: Tx, { epoch, dealing }: Body<'keygen.deal'>): Code | null {
  const row = keygenIn(books, epoch, 'deal');
  if (typeof row === 'string') return row;
  const said = dealingOf(books, epoch, account);
  if (said !== undefined && said.dealing.length > 0) return 'KEYGEN_DONE';
  const hash = dealingHash(generationOf(books, row), account, dealing);
  if (said === undefined || !equalBytes(said.hash, hash)) return 'DEALING_MISMATCH';
  const plan = planOf(books, row);
  const fault = books.crypto.dealings.checkDealing(plan, placeIn(plan.dealers, account), dealing);
  const dealt = { ...said, dealing };
  if (fault === null) books.tables.dealings.put(dealingKey(epoch, account), dealt);
  else convict(books, epoch, account, dealt, fault);
  return null;
}

/** Transaction `keygen.complain`: a receiver could not read its shares, or they are false. Its word is enough: the dealer answers. */
export function applyComplain(books: Books, { account }: Tx, { epoch, dealer }: Body<'keygen.complain'>): Code | null {
  const row = keygenIn(books, epoch, 'complain');
  if (typeof row === 'string') return row;
  if (placeIn(row.proposed, account) < 0) return 'NOT_AUTHORISED';
  const said = dealingOf(books, epoch, dealer);
  if (!isDealt(said)) return 'DEALING_UNKNOWN';
  if (said.complaints.some(({ receiver }) => receiver === account)) return 'KEYGEN_DONE';
  const complaints = [...said.complaints, { receiver: account, shares: [] }];
  books.tables.dealings.put(dealingKey(epoch, dealer), { ...said, complaints });
  return null;
}

/** Transaction `keygen.justify`: the dealer reveals the shares of who complained, which are no secret between the two; once, since false ones convict it. */
export function applyJustify(books: Books, { account }: Tx, body: Body<'keygen.justify'>): Code | null {
  const { epoch, receiver, shares } = body;
  const row = keygenIn(books, epoch, 'justify');
  if (typeof row === 'string') return row;
  const said = dealingOf(books, epoch, account);
  if (!isDealt(said)) return 'DEALING_UNKNOWN';
  const complaint = said.complaints.find((other) => other.receiver === receiver);
  if (complaint === undefined) return 'COMPLAINT_UNKNOWN';
  if (complaint.shares.length > 0) return 'KEYGEN_DONE';
  const plan = planOf(books, row);
  const place = { dealer: placeIn(plan.dealers, account), receiver: placeIn(plan.receivers, receiver) };
  if (!books.crypto.dealings.checkRevealed(plan, place.dealer, said.dealing, place.receiver, shares)) {
    convict(books, epoch, account, said, 'JUSTIFICATION_FALSE');
    return null;
  }
  const complaints = said.complaints.map((other) => (other === complaint ? { receiver, shares } : other));
  books.tables.dealings.put(dealingKey(epoch, account), { ...said, complaints });
  return null;
}
