// `sortition quarantine`: what an actor could not process: list it, inject it again, drop it, let a stopped actor go on.

import { CliError, EXIT } from './cli-error.ts';
import { askActor } from './operator.ts';
import { printJson, printLine } from './print.ts';
import { table } from './table.ts';

type Row = {
  readonly seq: number;
  readonly at_ms: number;
  readonly error: string;
  readonly event: { readonly type: string };
};

export async function run(
  o: { readonly data: string; readonly json?: boolean },
  verb: string,
  actor: string,
  message?: string,
): Promise<number> {
  if (verb === 'list') return list(o, actor);
  if (verb === 'resume') return done(o, await askActor(o.data, actor, { verb }));
  const seq = Number(message);
  if ((verb !== 'inject' && verb !== 'drop') || !Number.isSafeInteger(seq))
    throw new CliError('QUARANTINE_VERB_UNKNOWN', `'${verb} ${message ?? ''}' is no order.`, EXIT.usage);
  return done(o, await askActor(o.data, actor, { verb, seq }));
}

async function list(o: { readonly data: string; readonly json?: boolean }, actor: string): Promise<number> {
  const rows = (await askActor(o.data, actor, { verb: 'list' })) as readonly Row[];
  if (o.json === true) printJson({ quarantine: rows });
  else
    printLine(
      rows.length === 0
        ? 'Nothing in quarantine.'
        : table(
            ['message', 'since', 'event', 'error'],
            rows.map((r) => [r.seq, new Date(r.at_ms).toISOString(), r.event.type, r.error]),
          ),
    );
  return EXIT.ok;
}

function done(o: { readonly json?: boolean }, answer: unknown): number {
  const isDone = (answer as { readonly done: boolean }).done;
  if (o.json === true) printJson(answer);
  else printLine(isDone ? 'Done.' : 'There is no such message.');
  return isDone ? EXIT.ok : EXIT.refused;
}
