// `sortition verify`: checks a settlement bundle offline; the single-file verifier does the same without this project.
import { runVerify } from '../archive/verify-command.ts';

export async function run(o: { readonly policy?: string; readonly json?: boolean }, folder: string): Promise<number> {
  const { output, exit } = runVerify({ folder, policy: o.policy, isJson: o.json === true });
  process.stdout.write(output);
  return exit;
}
