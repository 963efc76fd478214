// `sortition keys admit`: lets an actor connect to the broker of a local network, at once if the network runs.
import { Id } from '#schemas/wire/fields.ts';
import { ACTOR_KINDS, type ActorKind } from '#schemas/wire/subjects.ts';
import { admit } from '../network/admitted.ts';
import { readRunning } from '../network/running.ts';
import { CliError, EXIT } from './cli-error.ts';
import { printJson, printLine } from './print.ts';

export async function run(
  o: { readonly data: string; readonly kind: string; readonly json?: boolean },
  id: string,
): Promise<number> {
  const kind = o.kind as ActorKind;
  if (!ACTOR_KINDS.includes(kind))
    throw new CliError('ACTOR_KIND_UNKNOWN', `'${o.kind}' cannot be admitted.`, EXIT.usage);
  if (!Id.safeParse(id).success)
    throw new CliError('NUMBER_INVALID', `'${id}' is no actor id (64 hex characters).`, EXIT.usage);
  await admit(o.data, { id, kind });
  const running = await readRunning(o.data).catch(() => undefined);
  // The process of `up` reads the list again and tells the broker.
  if (running !== undefined) process.kill(running.pid, 'SIGHUP');
  if (o.json === true) printJson({ id, kind, is_running: running !== undefined });
  else
    printLine(
      `${id} may connect as ${kind}${running === undefined ? ' when the network starts' : ` at ${running.broker_url}`}.`,
    );
  return EXIT.ok;
}
