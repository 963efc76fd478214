// The verifier as a program of its own: the entry of the single file that infra/verifier/build.mjs makes.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { verifyBundle, verifyExitCode } from './verify.ts';
import { reportJson, reportLines } from './verify-report.ts';

const USAGE = 'Usage: node sortition-verify.mjs <bundle folder> [--policy FILE] [--json]\n';

/** Check one bundle folder, print what was found, give the exit code. */
function main(args: readonly string[]): number {
  const { folder, policy, isJson } = readArgs(args);
  if (folder === undefined) {
    process.stderr.write(USAGE);
    return 1;
  }
  const outcome = verifyBundle(folder, policy === undefined ? undefined : readFileSync(policy, 'utf8'));
  process.stdout.write(`${isJson ? reportJson(outcome) : reportLines(outcome).join('\n')}\n`);
  return verifyExitCode(outcome);
}

function readArgs(args: readonly string[]) {
  const options = { policy: { type: 'string' }, json: { type: 'boolean', default: false } } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  return { folder: positionals.length === 1 ? positionals[0] : undefined, policy: values.policy, isJson: values.json };
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  process.exitCode = 1;
}
