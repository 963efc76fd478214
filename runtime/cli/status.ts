// `sortition status`: what the network is doing, from its gateway.
import type { ConsoleView } from '#schemas/node/console.ts';
import { bold, printJson, printLine, short } from './print.ts';
import { type ReachOptions, reachConsole } from './reach.ts';
import { brief, table } from './table.ts';

export async function run(o: ReachOptions): Promise<number> {
  const view = await (await reachConsole(o)).view();
  if (o.json === true) printJson(view);
  else show(view, Date.now());
  return 0;
}

function show(v: ConsoleView, now_ms: number): void {
  printLine(
    bold(`${v.network}: height ${v.height}, epoch ${v.epoch}, last block ${seconds(now_ms - v.block_time_ms)} ago`),
  );
  printLine(
    `finality p50 ${v.finality_ms.p50.toFixed(1)} ms, p99 ${v.finality_ms.p99.toFixed(1)} ms; ${v.blocks_per_minute} blocks a minute; state ${brief(v.state_root)}`,
  );
  printLine(
    `workers ${v.available_count} of ${v.workers_count} available; supply ${v.supply.credit} credit, ${v.supply.stake} stake`,
  );
  printLine();
  printLine(
    table(
      ['validator', 'seats', 'membership', 'height', 'round', 'proposed', 'heard'],
      v.validators.map((x) => [
        brief(x.id),
        x.power,
        x.state,
        x.height,
        x.round,
        x.proposed_count,
        x.heard_ms === 0 ? 'never' : `${seconds(now_ms - x.heard_ms)} ago`,
      ]),
    ),
  );
  if (v.workers.length > 0) {
    printLine();
    printLine(
      table(
        ['worker', 'operator', 'there', 'open', 'passed', 'faults', 'reputation', 'credit', 'stake'],
        v.workers.map((w) => [
          brief(w.id),
          brief(w.operator),
          w.is_available ? 'yes' : 'no',
          w.open_units_count,
          w.passed_count,
          w.fault_count,
          `${(w.reputation_basis_points / 100).toFixed(0)} %`,
          w.credit_units,
          w.stake_units,
        ]),
      ),
    );
  }
  if (v.jobs.length > 0) {
    printLine();
    printLine(jobTable(v.jobs));
  }
  for (const { code, peer, count } of v.refusals) printLine(`refused ${count} × ${code} from ${brief(peer)}`);
  for (const { validator, kind, height } of v.evidence)
    printLine(`evidence: ${kind} by ${brief(validator)} at height ${height}`);
}

/** Also what `sortition jobs` prints. */
export const jobTable = (jobs: ConsoleView['jobs']): string =>
  table(
    ['job', 'kernel', 'units', 'numbers', 'numbers/s', 'attempts', 'audits', 'disagreements', 'state'],
    jobs.map((j) => [
      j.id,
      j.kernel,
      `${j.settled_count}/${j.units_count}`,
      short(Number(j.numbers)),
      short(j.numbers_per_second),
      j.attempts_count,
      j.audits_count,
      j.disagreements_count,
      j.finished_ms > 0 ? 'finished' : 'running',
    ]),
  );

const seconds = (ms: number): string => `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
