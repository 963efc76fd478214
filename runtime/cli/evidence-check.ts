// `sortition evidence check`: who made a fork, recomputed from an evidence file and the genesis file alone.
import { open } from 'node:fs/promises';
import { type ConflictReport, checkConflict, type Offence } from '#machines/consensus/accountability.ts';
import { decodeEvidenceFile, type EvidenceFile } from '#schemas/consensus/evidence-file.ts';
import type { SignedVote } from '#schemas/consensus/types.ts';
import type { Result } from '#schemas/wire/codes.ts';
import { MAX_EVIDENCE_FILE_BYTES } from '#schemas/wire/limits.ts';
import { type Chain, readGenesis } from '../network/genesis-file.ts';
import { productionCrypto } from '../node/crypto.ts';
import { electorateOf } from '../node/final-blocks.ts';
import { CliError, EXIT } from './cli-error.ts';
import { bold, printJson, printLine } from './print.ts';

type Options = { readonly genesis: string; readonly json?: boolean };

/** A culprit as it is told. */
type Named = { readonly validator: string; readonly operator: string; readonly offence: Offence };

export async function run(o: Options, path: string): Promise<number> {
  const chain = await readGenesis(o.genesis);
  const { conflict, chain: claimed } = held(decodeEvidenceFile(await readText(path)), path);
  if (claimed !== chain.id) throw new CliError('EVIDENCE_FILE_FALSE', `'${path}': of the network ${claimed}.`);
  const report = held(checkConflict(electorateOf(chain, productionCrypto(chain)), conflict), path);
  const culprits = report.culprits.map(({ validator, offence }) => nameOf(chain, validator, offence));
  const areEnough = report.named_power >= report.needed_power;
  if (o.json === true) printJson(told(conflict, report, culprits, areEnough));
  else show(conflict, report, culprits, areEnough);
  return areEnough ? EXIT.ok : EXIT.unnamed;
}

/** No more than tells that it is too long: whoever was handed the file does not know its size. */
async function readText(path: string): Promise<string> {
  try {
    await using file = await open(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_EVIDENCE_FILE_BYTES + 1));
    return buffer.toString('utf8', 0, bytesRead);
  } catch (cause) {
    throw new CliError('EVIDENCE_FILE_UNREADABLE', `'${path}'.`, EXIT.failure, { cause });
  }
}

function held<T>(result: Result<T>, path: string): T {
  if (!result.ok) throw new CliError(result.code, `'${path}': ${result.detail ?? ''}.`);
  return result.value;
}

function nameOf({ validators }: Chain, index: number, offence: Offence): Named {
  const { id = '', operator = '' } = validators[index] ?? {};
  return { validator: id, operator, offence };
}

type Conflict = EvidenceFile['conflict'];

/** Prevotes of these rounds would name more: whoever decided in the later round holds them. */
const missingRounds = ({ first, second }: Conflict) => ({ first_round: first.round, last_round: second.round });

function told(conflict: Conflict, report: ConflictReport, culprits: readonly Named[], areEnough: boolean) {
  const { first, second } = conflict;
  const { named_power, needed_power } = report;
  const decided = [first, second].map(({ round, value }) => ({ round, block: value }));
  const missing = areEnough ? null : missingRounds(conflict);
  return { height: first.height, decided, culprits, named_power, needed_power, missing };
}

function show(conflict: Conflict, report: ConflictReport, culprits: readonly Named[], areEnough: boolean): void {
  const { first, second } = conflict;
  printLine(bold(`Two blocks were decided at height ${first.height}`));
  for (const { round, value, votes } of [first, second])
    printLine(`  round ${round}: ${value}, by ${votes.length} validators`);
  for (const { validator, operator, offence } of culprits) {
    printLine(bold(`\n${validator}`));
    printLine(`  operator ${operator}`);
    for (const line of deedOf(offence)) printLine(`  ${line}`);
  }
  const { named_power, needed_power } = report;
  printLine(`\n${culprits.length} named, power ${named_power}; a fork takes at least ${needed_power}.`);
  const { first_round, last_round } = missingRounds(conflict);
  if (!areEnough)
    printLine(
      `Votes of rounds ${first_round} to ${last_round} are needed to name the others: ask who decided in round ${last_round} for their file.`,
    );
}

function deedOf(offence: Offence): string[] {
  if (offence.type === 'double_vote') return ['voted twice in one round:', ...[offence.a, offence.b].map(statement)];
  return ['let go of its lock without a polka:', ...[offence.a, offence.b].map(statement)];
}

const statement = ({ type, round, value, valid_round, signature }: SignedVote): string =>
  `  ${type} round ${round} valid_round ${valid_round} ${value ?? 'nil'} signed ${Buffer.from(signature).toString('hex')}`;
