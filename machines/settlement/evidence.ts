// Evidence: two signed statements of one validator that cannot both be honest cost it its stake, once for each offence.
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { LayoutReader } from '#schemas/consensus/fixed-layout.ts';
import type { Evidence } from '#schemas/consensus/types.ts';
import { proposalSignBytes, readSignedProposal, readSignedVote, voteSignBytes } from '#schemas/consensus/vote-codec.ts';
import type { Tx } from '#schemas/settlement/transaction.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { contradiction, type Statement } from '../consensus/accountability.ts';
import { balanceOf } from './accounts.ts';
import { type Books, emit } from './books.ts';
import { isTooOld } from './evidence-age.ts';
import { membershipOf } from './memberships.ts';
import { slash } from './nodes.ts';
import { punish } from './validators.ts';

/** Transaction `evidence`: 30 % of the stake go to the account that brings it, the rest is burned. */
export function applyEvidence(books: Books, tx: Tx, body: Extract<Tx['body'], { type: 'evidence' }>): Code | null {
  const a = readStatement(body.a);
  const b = readStatement(body.b);
  const validator = a && membershipOf(books, a.epoch)?.validators[a.validator]?.id;
  if (a === undefined || b === undefined || validator === undefined) return 'EVIDENCE_INVALID';
  if (isTooOld(books, a.height)) return 'EVIDENCE_EXPIRED';
  const shown = contradiction(a, b);
  const isProven = shown !== undefined && isSigned(books, validator, a) && isSigned(books, validator, b);
  if (!isProven) return 'EVIDENCE_INVALID';
  const kind = kindOf(shown);
  const id = offenceId(books, validator, shown, kind);
  if (books.tables.evidence.has(id)) return 'EVIDENCE_DONE';
  books.tables.evidence.put(id, { validator, height: a.height, type: kind });
  emit(books, { type: 'evidence.accepted', validator, evidence: id, kind });
  const finders = tx.account === validator ? [] : [tx.account];
  punish(books, validator);
  slash(books, validator, balanceOf(books, 'stake', validator), finders, kind);
  return null;
}

/** As it is told: `double_prevote`, `double_precommit`, `double_proposal` or `amnesia`. */
const kindOf = (offence: Evidence): string =>
  offence.type === 'double_vote' ? `double_${offence.a.type}` : offence.type;

/**
 * SHA-256 over validator, epoch, height, round and kind: one offence, however many statements show it. Amnesia is of the round of the
 * lock that was let go.
 */
function offenceId(books: Books, validator: string, { a }: Evidence, kind: string): string {
  return bytesToHex(books.crypto.sha256(utf8ToBytes(`${validator}/${a.epoch}/${a.height}/${a.round}/${kind}`)));
}

function readStatement(bytes: Uint8Array): Statement | undefined {
  const voteReader = new LayoutReader(bytes);
  const vote = readSignedVote(voteReader);
  if (voteReader.isDone) return vote;
  const proposalReader = new LayoutReader(bytes);
  const proposal = readSignedProposal(proposalReader);
  return proposalReader.isDone ? { ...proposal, type: 'proposal' } : undefined;
}

function isSigned(books: Books, validator: string, statement: Statement): boolean {
  const bytes =
    statement.type === 'proposal' ? proposalSignBytes(books.chain, statement) : voteSignBytes(books.chain, statement);
  return books.crypto.verify(validator, bytes, statement.signature);
}
