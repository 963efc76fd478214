// `sortition validator leave`: asks to go. The node must run on until the set has changed, and its stake stays locked for a while.
import { readKeyFile } from '../keys/key-file.ts';
import { EXIT } from './cli-error.ts';
import { printJson, printLine } from './print.ts';
import { type ReachOptions, reachConsole } from './reach.ts';

export async function run(o: ReachOptions & { readonly key: string }): Promise<number> {
  const [validator, client] = await Promise.all([readKeyFile(o.key), reachConsole(o)]);
  const { height } = await client.transact(validator, { type: 'validator.leave' });
  if (o.json === true) printJson({ id: validator.id, height });
  else
    printLine(
      `${validator.id} asks to leave since height ${height}. Keep its node running until it is out of the set: sortition validators`,
    );
  return EXIT.ok;
}
