// `sortition evidence check`: who made a fork, recomputed from evidence files and the genesis file alone.
import { type ConflictReport, checkConflicts, type Offence } from '#machines/consensus/accountability.ts';
import type { Electorate } from '#machines/consensus/electorate.ts';
import { SetChain } from '#machines/consensus/set-chain.ts';
import type { EvidenceFile } from '#schemas/consensus/evidence-file.ts';
import type { Certificate, CommitConflict, SignedVote } from '#schemas/consensus/types.ts';
import type { Result } from '#schemas/wire/codes.ts';
import { readCheckpoint } from '../light/checkpoint-file.ts';
import { type Chain, readGenesis } from '../network/genesis-file.ts';
import { productionCrypto } from '../node/crypto.ts';
import { genesisElectorate } from '../node/final-blocks.ts';
import { CliError, EXIT } from './cli-error.ts';
import { readEvidenceFile } from './evidence-reader.ts';
import { bold, printJson, printLine } from './print.ts';

type Options = { readonly genesis: string; readonly from?: string; readonly json?: boolean };

/** A culprit as it is told. */
type Named = { readonly validator: string; readonly operator: string; readonly offence: Offence };

export async function run(o: Options, paths: readonly string[]): Promise<number> {
  const chain = await readGenesis(o.genesis);
  const files = await Promise.all(paths.map((path) => readFile(path, chain)));
  const conflicts = files.map(({ conflict }) => conflict);
  const names = paths.map((path) => `'${path}'`).join(', ');
  const electorate = electorateOf(await anchorOf(o, chain), files, names);
  const report = held(checkConflicts(electorate, conflicts), names);
  const culprits = report.culprits.map(({ validator, offence }) => nameOf(electorate, validator, offence));
  const found: Found = { commits: commitsOf(conflicts), report, culprits };
  if (o.json === true) printJson(told(found));
  else show(found);
  return areEnough(report) ? EXIT.ok : EXIT.unnamed;
}

async function readFile(path: string, { id }: Chain): Promise<EvidenceFile> {
  const file = await readEvidenceFile(path);
  if (file.chain !== id) throw new CliError('EVIDENCE_FILE_FALSE', `'${path}': of the network ${file.chain}.`);
  return file;
}

/** The set that is trusted: that of the genesis, or of a checkpoint. */
const anchorOf = async ({ from }: Options, chain: Chain): Promise<Electorate> =>
  from === undefined
    ? genesisElectorate(chain, productionCrypto)
    : (await readCheckpoint(from, chain.id, productionCrypto)).set;

/** The set that decided the height, by what the files tell of its changes: some may tell less than others. */
function electorateOf(anchor: Electorate, files: readonly EvidenceFile[], names: string): Electorate {
  const epoch = files[0]?.conflict.first.votes[0]?.epoch ?? 0;
  const sets = new SetChain(anchor);
  for (const { handovers } of files) if (sets.newest.epoch < epoch) sets.takeAll(handovers);
  const set = sets.of(epoch);
  if (set === undefined)
    throw new CliError('EVIDENCE_FILE_FALSE', `${names}: nothing leads to the set of epoch ${epoch}.`);
  return set;
}

function held<T>(result: Result<T>, names: string): T {
  if (!result.ok) throw new CliError(result.code, `${names}: ${result.detail ?? ''}.`);
  return result.value;
}

function nameOf({ validators }: Electorate, index: number, offence: Offence): Named {
  const { id = '', operator = '' } = validators[index] ?? {};
  return { validator: id, operator, offence };
}

/** What the files prove together. */
type Found = {
  readonly commits: readonly Certificate[];
  readonly report: ConflictReport;
  readonly culprits: readonly Named[];
};

const areEnough = ({ named_power, needed_power }: ConflictReport): boolean => named_power >= needed_power;

/** One commit of each block that the files show as decided, in the order of rounds. */
function commitsOf(conflicts: readonly CommitConflict[]): Certificate[] {
  const commits = conflicts.flatMap(({ first, second }) => [first, second]).sort((a, b) => a.round - b.round);
  return [...new Map(commits.toReversed().map((commit) => [commit.value, commit])).values()].reverse();
}

/** Votes of these rounds would name more: files of others hold them. */
function missingRounds(commits: readonly Certificate[]) {
  const rounds = commits.map(({ round }) => round);
  return { first_round: Math.min(...rounds), last_round: Math.max(...rounds) };
}

function told({ commits, report, culprits }: Found) {
  const { named_power, needed_power } = report;
  const decided = commits.map(({ round, value }) => ({ round, block: value }));
  const missing = areEnough(report) ? null : missingRounds(commits);
  return { height: commits[0]?.height, decided, culprits, named_power, needed_power, missing };
}

function show({ commits, report, culprits }: Found): void {
  printLine(bold(`${commits.length} blocks were decided at height ${commits[0]?.height}`));
  for (const { round, value, votes } of commits) printLine(`  round ${round}: ${value}, by ${votes.length} validators`);
  for (const { validator, operator, offence } of culprits) {
    printLine(bold(`\n${validator}`));
    printLine(`  operator ${operator}`);
    for (const line of deedOf(offence)) printLine(`  ${line}`);
  }
  const { named_power, needed_power } = report;
  printLine(`\n${culprits.length} named, power ${named_power}; a fork takes at least ${needed_power}.`);
  const { first_round, last_round } = missingRounds(commits);
  if (!areEnough(report))
    printLine(
      `Votes of rounds ${first_round} to ${last_round} name the others: give the files of more nodes, first of who decided in round ${last_round} by votes. One that stopped at another height adds what it holds: sortition evidence add.`,
    );
}

function deedOf(offence: Offence): string[] {
  if (offence.type === 'double_vote') return ['voted twice in one round:', ...[offence.a, offence.b].map(statement)];
  return ['let go of its lock without a polka:', ...[offence.a, offence.b].map(statement)];
}

const statement = ({ type, round, value, valid_round, signature }: SignedVote): string =>
  `  ${type} round ${round} valid_round ${valid_round} ${value ?? 'nil'} signed ${Buffer.from(signature).toString('hex')}`;
