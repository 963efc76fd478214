// Actors that were admitted to a local network's broker beside those of its genesis.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Id } from '#schemas/wire/fields.ts';
import { ACTOR_KINDS } from '#schemas/wire/subjects.ts';
import type { BrokerUser } from '../broker/nats-conf.ts';

const Admitted = z.array(z.strictObject({ id: Id, kind: z.enum(ACTOR_KINDS) })).max(10_000);
const pathOf = (dir: string): string => join(dir, 'admitted.json');

export async function extraUsers(dir: string): Promise<BrokerUser[]> {
  const text = await readFile(pathOf(dir), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '[]';
    throw error;
  });
  return Admitted.parse(JSON.parse(text));
}

/** Remember an actor; the same again changes nothing. */
export async function admit(dir: string, user: BrokerUser): Promise<void> {
  const others = (await extraUsers(dir)).filter(({ id }) => id !== user.id);
  await writeFile(pathOf(dir), `${JSON.stringify([...others, user], null, 2)}\n`, { mode: 0o600 });
}
