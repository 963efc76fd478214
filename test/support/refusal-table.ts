// Everything bad that a running network must refuse, in the order in which the live test sends it.
import { BROKER_ROWS } from './refusal-broker.ts';
import { CONSENSUS_ROWS } from './refusal-consensus.ts';
import { HTTP_ROWS } from './refusal-http.ts';
import { CLAIM_ROWS, LEDGER_ROWS } from './refusal-ledger.ts';
import { MAIL_ROWS } from './refusal-mail.ts';
import type { Row } from './refusal-row.ts';
import { VALIDATOR_ROWS } from './refusal-validators.ts';
import { WORK_ROWS } from './refusal-work.ts';

/** The ledger's rows come early: they register the archiver and the worker that lie in later ones. */
export const REFUSALS: readonly Row[] = [
  ...HTTP_ROWS,
  ...BROKER_ROWS,
  ...CONSENSUS_ROWS,
  ...LEDGER_ROWS,
  ...VALIDATOR_ROWS,
  ...WORK_ROWS,
  ...CLAIM_ROWS,
  ...MAIL_ROWS,
];
