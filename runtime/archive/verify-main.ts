// The verifier as a program of its own: the entry of the single file that infra/verifier/build.mjs makes.
import { parseArgs } from 'node:util';
import { runVerify } from './verify-command.ts';

const USAGE =
  'Usage: node sortition-verify.mjs <bundle folder> [--genesis FILE [--from FILE]] [--policy FILE] [--json]\n';

/** Check one bundle folder, print what was found, give the exit code. */
function main(args: readonly string[]): number {
  const file = { type: 'string' } as const;
  const options = { policy: file, genesis: file, from: file, json: { type: 'boolean', default: false } } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const [folder, ...more] = positionals;
  if (folder === undefined || more.length > 0) throw new Error('name one bundle folder');
  const { json: isJson, ...trust } = values;
  if (trust.from !== undefined && trust.genesis === undefined) throw new Error('--from needs --genesis');
  const { output, exit } = runVerify({ folder, ...trust, isJson });
  process.stdout.write(output);
  return exit;
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  process.exitCode = 1;
}
