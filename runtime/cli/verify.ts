// `sortition verify`: checks a settlement bundle offline; the single-file verifier does the same without this project.
import { accessSync } from 'node:fs';
import { runVerify } from '../archive/verify-command.ts';
import { CliError, EXIT } from './cli-error.ts';

export async function run(o: { readonly policy?: string; readonly json?: boolean }, folder: string): Promise<number> {
  if (o.policy !== undefined) requireReadable(o.policy);
  const { output, exit } = runVerify({ folder, policy: o.policy, isJson: o.json === true });
  process.stdout.write(output);
  return exit;
}

function requireReadable(path: string): void {
  try {
    accessSync(path);
  } catch (cause) {
    throw new CliError('POLICY_UNREADABLE', `'${path}'.`, EXIT.usage, { cause });
  }
}
