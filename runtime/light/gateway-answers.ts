// What a light client asks a gateway: strictly read, believed nothing.
import type { z } from 'zod';
import { HandoverJson } from '#schemas/consensus/certified-header.ts';
import type { Handover } from '#schemas/consensus/handover-codec.ts';
import { readHandoverJson } from '../gateway/proven-rows.ts';
import type { ConsoleClient } from '../network/console-client.ts';
import { LightError } from './light-error.ts';

type Source = Pick<ConsoleClient, 'get'>;

/** @throws LightError LIGHT_ANSWER_INVALID where it is not of this shape; NetworkError what the gateway refuses with */
export async function askGateway<T>(source: Source, path: string, schema: z.ZodType<T>): Promise<T> {
  const { data, error } = schema.safeParse(await source.get(path));
  if (data === undefined) throw new LightError('LIGHT_ANSWER_INVALID', path, { cause: error });
  return data;
}

/** How the chain was handed over to the set of an epoch, as a gateway shows it. @throws LightError, NetworkError */
export async function askHandover(source: Source, epoch: number): Promise<Handover> {
  const handover = readHandoverJson(await askGateway(source, `/api/memberships/${epoch}`, HandoverJson));
  if (!handover.ok) throw new LightError(handover.code, handover.detail ?? `epoch ${epoch}`);
  return handover.value;
}
