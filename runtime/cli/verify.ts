// `sortition verify`: checks a settlement bundle offline; the single-file verifier does the same without this project.
import { accessSync } from 'node:fs';
import type { Code } from '#schemas/wire/codes.ts';
import { runVerify } from '../archive/verify-command.ts';
import { CliError, EXIT } from './cli-error.ts';

type Options = {
  readonly policy?: string;
  readonly genesis?: string;
  readonly from?: string;
  readonly json?: boolean;
};

export async function run({ json, ...trust }: Options, folder: string): Promise<number> {
  requireReadable(trust.policy, 'POLICY_UNREADABLE');
  requireReadable(trust.genesis, 'GENESIS_MISSING');
  requireReadable(trust.from, 'LIGHT_CHECKPOINT_UNREADABLE');
  if (trust.from !== undefined && trust.genesis === undefined)
    throw new CliError('GENESIS_MISSING', '--from needs --genesis.', EXIT.usage);
  const { output, exit } = runVerify({ folder, ...trust, isJson: json === true });
  process.stdout.write(output);
  return exit;
}

function requireReadable(path: string | undefined, code: Code): void {
  try {
    if (path !== undefined) accessSync(path);
  } catch (cause) {
    throw new CliError(code, `'${path}'.`, EXIT.usage, { cause });
  }
}
