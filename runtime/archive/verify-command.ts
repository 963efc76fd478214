// `sortition verify` and the single-file verifier: the same check, the same words, the same exit codes.
import { readFileSync } from 'node:fs';
import { electorateOf } from '#machines/consensus/electorate.ts';
import { genesisMembership } from '#machines/consensus/genesis-membership.ts';
import { verify } from '../keys/ed25519.ts';
import { parseCheckpoint } from '../light/checkpoint-file.ts';
import { parseGenesis } from '../network/genesis-file.ts';
import { sha256 } from './cid.ts';
import { type Trust, verifyBundle } from './verify.ts';
import { verifyExitCode } from './verify-exit.ts';
import { reportJson, reportLines } from './verify-report.ts';

export type VerifyCommand = {
  readonly folder: string;
  /** File with the policy, or the policy's digest, that the user trusts. */
  readonly policy?: string | undefined;
  /** Genesis file that the user trusts: the bundle must lead from its set to the one that cosigned. */
  readonly genesis?: string | undefined;
  /** Checkpoint of `sortition light` that the user trusts: sets are followed from its own on, not from the genesis. */
  readonly from?: string | undefined;
  readonly isJson: boolean;
};

/** Check a bundle folder; what to print and the exit code. @throws Error when a file of what is trusted cannot be read */
export function runVerify({ folder, policy, genesis, from, isJson }: VerifyCommand): {
  readonly output: string;
  readonly exit: number;
} {
  const outcome = verifyBundle(folder, {
    policy: policy === undefined ? undefined : readFileSync(policy, 'utf8'),
    anchor: genesis === undefined ? undefined : anchorOf(genesis, from),
  });
  const output = isJson ? reportJson(outcome) : reportLines(outcome).join('\n');
  return { output: `${output}\n`, exit: verifyExitCode(outcome) };
}

function anchorOf(path: string, from: string | undefined): NonNullable<Trust['anchor']> {
  const chain = parseGenesis(readFileSync(path), path);
  const crypto = { sha256, verify };
  const set =
    from === undefined
      ? electorateOf(chain.id, genesisMembership(chain), crypto)
      : parseCheckpoint(readFileSync(from, 'utf8'), from, chain.id, crypto).set;
  return { network: chain.genesis.network, set };
}
