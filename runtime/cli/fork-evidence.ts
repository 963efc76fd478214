// What commands that check the network leave behind where it contradicts itself: a file that names who made the fork.
import { writeEvidence } from '../consensus/evidence-folder.ts';
import { ForkError } from '../light/light-error.ts';
import { CliError } from './cli-error.ts';

/** Runs a check; the proof of a fork that it meets is written into the folder, and its path told. @throws CliError LIGHT_FORK */
export async function keepingEvidence<T>(dir: string, check: () => Promise<T>): Promise<T> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof ForkError)) throw error;
    const path = await writeEvidence(dir, error.evidence);
    throw new CliError('LIGHT_FORK', `${error.message}; evidence: ${path}.`);
  }
}
