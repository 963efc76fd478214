// Evidence: two signed statements of one validator that cannot both be honest cost it its stake, once for each offence.
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { LayoutReader } from '#schemas/consensus/fixed-layout.ts';
import type { SignedProposal, SignedVote } from '#schemas/consensus/types.ts';
import { proposalSignBytes, readSignedProposal, readSignedVote, voteSignBytes } from '#schemas/consensus/vote-codec.ts';
import type { Tx } from '#schemas/settlement/transaction.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { balanceOf } from './accounts.ts';
import { type Books, emit } from './books.ts';
import { slash } from './nodes.ts';

/** A statement of either kind; `type` says which. */
type Statement = SignedVote | (SignedProposal & { readonly type: 'proposal' });

/** Transaction `evidence`: 30 % of the stake go to the account that brings it, the rest is burned. */
export function applyEvidence(books: Books, tx: Tx, body: Extract<Tx['body'], { type: 'evidence' }>): Code | null {
  const a = readStatement(body.a);
  const b = readStatement(body.b);
  const validator = a && books.genesis.validators[a.validator]?.id;
  if (a === undefined || b === undefined || validator === undefined) return 'EVIDENCE_INVALID';
  const isProven = contradicts(a, b) && isSigned(books, validator, a) && isSigned(books, validator, b);
  if (!isProven) return 'EVIDENCE_INVALID';
  const id = offenceId(books, validator, a);
  if (books.tables.evidence.has(id)) return 'EVIDENCE_DONE';
  books.tables.evidence.put(id, { validator, height: a.height, type: a.type });
  emit(books, { type: 'evidence.accepted', validator, evidence: id, kind: `double_${a.type}` });
  const finders = tx.account === validator ? [] : [tx.account];
  slash(books, validator, balanceOf(books, 'stake', validator), finders, `double_${a.type}`);
  return null;
}

/** SHA-256 over validator, epoch, height, round and type: one offence, however many statements show it. */
function offenceId(books: Books, validator: string, { epoch, height, round, type }: Statement): string {
  return bytesToHex(books.crypto.sha256(utf8ToBytes(`${validator}/${epoch}/${height}/${round}/${type}`)));
}

function readStatement(bytes: Uint8Array): Statement | undefined {
  const voteReader = new LayoutReader(bytes);
  const vote = readSignedVote(voteReader);
  if (voteReader.isDone) return vote;
  const proposalReader = new LayoutReader(bytes);
  const proposal = readSignedProposal(proposalReader);
  return proposalReader.isDone ? { ...proposal, type: 'proposal' } : undefined;
}

/** Same author, place and kind, but not the same words: an honest validator speaks once. */
function contradicts(a: Statement, b: Statement): boolean {
  const isSamePlace = a.epoch === b.epoch && a.height === b.height && a.round === b.round;
  const isSameWords = a.value === b.value && a.valid_round === b.valid_round;
  return a.validator === b.validator && a.type === b.type && isSamePlace && !isSameWords;
}

function isSigned(books: Books, validator: string, statement: Statement): boolean {
  const bytes =
    statement.type === 'proposal' ? proposalSignBytes(books.chain, statement) : voteSignBytes(books.chain, statement);
  return books.crypto.verify(validator, bytes, statement.signature);
}
