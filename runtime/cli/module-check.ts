// `sortition module check`: whether a network would take a module, and what it would run; or why not, and where.
import { open, writeFile } from 'node:fs/promises';
import { CODES } from '#schemas/wire/codes.ts';
import { MAX_MODULE_BYTES } from '#schemas/wire/limits.ts';
import { type CheckedModule, checkModule } from '../sandbox/module-check.ts';
import { CliError, EXIT } from './cli-error.ts';
import { bold, printJson, printLine } from './print.ts';

type Options = { readonly floats?: boolean; readonly out?: string; readonly json?: boolean };

export async function run(o: Options, path: string): Promise<number> {
  const bytes = await readModule(path);
  const checked = checkModule(bytes, o.floats === true);
  if (!checked.ok) {
    const { code, detail = '', at_byte } = checked;
    if (o.json !== true) throw new CliError(code, `'${path}' at byte ${at_byte}: ${detail}.`, EXIT.refused);
    printJson({ taken: false, code, meaning: CODES[code], detail, at_byte });
    return EXIT.refused;
  }
  if (o.out !== undefined) await writeFile(o.out, checked.bytes);
  if (o.json === true) printJson(told(checked, bytes.length));
  else show(checked, bytes.length);
  return EXIT.ok;
}

/** One byte above the limit tells that it is too large; a bomb is not read to its end. */
async function readModule(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    await using file = await open(path);
    const room = new Uint8Array(MAX_MODULE_BYTES + 1);
    let size = 0;
    for (let read = -1; read !== 0; size += read) read = (await file.read(room, size)).bytesRead;
    return room.subarray(0, size);
  } catch (cause) {
    throw new CliError('MODULE_UNREADABLE', `'${path}'.`, EXIT.failure, { cause });
  }
}

const told = ({ address, entry, imports, exports, memory, hasStart, bytes }: CheckedModule, size_bytes: number) => ({
  taken: true,
  address,
  entry,
  size_bytes,
  metered_bytes: bytes.length,
  memory,
  imports,
  exports,
  has_start: hasStart,
});

function show({ address, entry, imports, exports, memory, bytes }: CheckedModule, size_bytes: number): void {
  printLine(bold('A network would take this module.'));
  const rows = [
    ['address', Buffer.from(address).toString('hex')],
    ['entry', entry],
    ['size', `${size_bytes} bytes, ${bytes.length} when metered`],
    ['memory', memory === undefined ? 'none' : `${memory.initial_pages} pages at the start, ${memory.pages} at most`],
    ['imports', imports.map(({ module, name }) => `${module}.${name}`).join(', ') || 'none'],
    ['exports', exports.map(({ name }) => name).join(', ')],
  ];
  for (const [name = '', value] of rows) printLine(`  ${name.padEnd(9)}${value}`);
}
