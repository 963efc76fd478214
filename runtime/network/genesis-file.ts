// Reads the genesis file: its parsed content and the chain id, which is the SHA-256 of its bytes.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { Genesis } from '#schemas/config/genesis.ts';
import type { ValidatorSet } from '#schemas/consensus/types.ts';
import { NetworkError } from './network-error.ts';

export type Chain = {
  /** Chain id: SHA-256 of the genesis file, hex. */
  readonly id: string;
  readonly genesis: Genesis;
  readonly validators: ValidatorSet;
};

/** @throws NetworkError GENESIS_MISSING | GENESIS_MALFORMED */
export async function readGenesis(path: string): Promise<Chain> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new NetworkError('GENESIS_MISSING', path, { cause });
  });
  return parseGenesis(bytes, path);
}

/** @param name what to call the file in an error */
export function parseGenesis(bytes: Uint8Array, name: string): Chain {
  try {
    const genesis = Genesis.parse(JSON.parse(new TextDecoder().decode(bytes)));
    return { id: createHash('sha256').update(bytes).digest('hex'), genesis, validators: genesis.validators };
  } catch (cause) {
    throw new NetworkError('GENESIS_MALFORMED', cause instanceof z.ZodError ? `${name}: ${flawOf(cause)}` : name, {
      cause,
    });
  }
}

/** The first thing that is wrong, with its place in the file. */
const flawOf = ({ issues: [first] }: z.ZodError): string =>
  first === undefined ? '' : `${first.path.join('.')}: ${first.message}`;
