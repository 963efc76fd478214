// `sortition inspect`: what a running actor holds: snapshot, mailbox, timers, outbox, quarantine.
import { inspect } from 'node:util';
import { askActor } from './operator.ts';
import { printJson, printLine } from './print.ts';

export async function run(o: { readonly data: string; readonly json?: boolean }, actor: string): Promise<number> {
  const state = await askActor(o.data, actor, { verb: 'inspect' });
  if (o.json === true) printJson(state);
  else printLine(inspect(state, { depth: 8, colors: process.stdout.isTTY, maxStringLength: 120 }));
  return 0;
}
