// `sortition verify` and the single-file verifier: the same check, the same words, the same exit codes.
import { readFileSync } from 'node:fs';
import { verifyBundle } from './verify.ts';
import { verifyExitCode } from './verify-exit.ts';
import { reportJson, reportLines } from './verify-report.ts';

export type VerifyCommand = {
  readonly folder: string;
  /** File with the policy, or the policy's digest, that the user trusts. */
  readonly policy?: string | undefined;
  readonly isJson: boolean;
};

/** Check a bundle folder; what to print and the exit code. @throws Error when the policy file cannot be read */
export function runVerify({ folder, policy, isJson }: VerifyCommand): {
  readonly output: string;
  readonly exit: number;
} {
  const outcome = verifyBundle(folder, policy === undefined ? undefined : readFileSync(policy, 'utf8'));
  const output = isJson ? reportJson(outcome) : reportLines(outcome).join('\n');
  return { output: `${output}\n`, exit: verifyExitCode(outcome) };
}
