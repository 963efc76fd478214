// `sortition keys show`: the public parts of a key file, never the seed.
import { readKeyFile } from '../keys/key-file.ts';
import { nkeyOf } from '../keys/nkey.ts';
import { printJson, printLine } from './print.ts';

export async function run(o: { readonly json?: boolean }, path: string): Promise<number> {
  const { id } = await readKeyFile(path);
  if (o.json === true) printJson({ id, nkey: nkeyOf(id) });
  else printLine(`actor id  ${id}\nNKey      ${nkeyOf(id)}`);
  return 0;
}
