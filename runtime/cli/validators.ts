// `sortition validators`: the set of this epoch, who wants to come or to go, and when the set changes next.
import { ValidatorSetView } from '#schemas/node/validators.ts';
import { EXIT } from './cli-error.ts';
import { printJson, printLine } from './print.ts';
import { type ReachOptions, reachConsole } from './reach.ts';
import { brief, table } from './table.ts';

export async function run(o: ReachOptions): Promise<number> {
  const client = await reachConsole(o);
  const set = ValidatorSetView.parse(await client.get('/api/validators'));
  if (o.json === true) printJson(set);
  else show(set);
  return EXIT.ok;
}

function show(set: ValidatorSetView): void {
  printLine(`epoch ${set.epoch} since height ${set.first_height}, now at ${set.height}; ${set.total_power} seats`);
  printLine(`${changeText(set)}\n`);
  printLine(
    table(
      ['validator', 'operator', 'state', 'since', 'seats', 'next', 'wanted', 'stake', 'locked'],
      set.validators.map((v) => [
        brief(v.id),
        brief(v.operator),
        v.state,
        v.since_height,
        v.power,
        v.next_power,
        v.wanted_power,
        v.stake_units,
        v.locked_units,
      ]),
    ),
  );
}

function changeText({ change }: ValidatorSetView): string {
  switch (change.stage) {
    case 'none':
      return `the set may change from height ${change.boundary_height} on`;
    case 'keygen':
      return `the key for epoch ${change.epoch} is being made: phase ${change.phase}, until height ${change.until_height}`;
    case 'fixed':
      return `epoch ${change.epoch} begins at height ${change.first_height}`;
  }
}
