// How commands reach a network: by the address that was given, or by the note in the network's folder.
import { join } from 'node:path';
import { ConsoleClient } from '../network/console-client.ts';
import { type Chain, readGenesis } from '../network/genesis-file.ts';
import { readRunning } from '../network/running.ts';

export type ReachOptions = { readonly data: string; readonly gateway?: string; readonly json?: boolean };

/** Commands that believe nothing but a genesis file. */
export type LightOptions = ReachOptions & { readonly genesis?: string };

/** @throws NetworkError NETWORK_NOT_RUNNING */
export const reachConsole = async ({ data, gateway }: ReachOptions): Promise<ConsoleClient> =>
  new ConsoleClient(gateway ?? (await readRunning(data)).gateway_url);

/** The genesis file that was named, or the one in the network's folder. */
export const genesisOf = ({ data, genesis }: Pick<LightOptions, 'data' | 'genesis'>): Promise<Chain> =>
  readGenesis(genesis ?? join(data, 'genesis.json'));
