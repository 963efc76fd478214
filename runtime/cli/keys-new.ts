// `sortition keys new`: makes a key file that only its owner can read.
import { createKeyFile } from '../keys/key-file.ts';
import { nkeyOf } from '../keys/nkey.ts';
import { printJson, printLine } from './print.ts';

export async function run(o: { readonly json?: boolean }, path: string): Promise<number> {
  const { id } = await createKeyFile(path);
  if (o.json === true) printJson({ id, nkey: nkeyOf(id), path });
  else
    printLine(
      `Key written to ${path} (mode 600).\n  actor id  ${id}\n  NKey      ${nkeyOf(id)}\nWho has the file is the actor: keep it, and keep it to yourself.`,
    );
  return 0;
}
