// Where the nats-server is: as the set-up found it, in the project's cache, or on the path.
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BrokerError } from './broker-error.ts';

/** Where infra/nats/install.mjs puts it. */
const CACHED = fileURLToPath(new URL('../../.cache/nats/nats-server', import.meta.url));

/** @throws BrokerError BROKER_NOT_FOUND */
export async function findNatsServer(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const onPath = (env['PATH'] ?? '').split(delimiter).filter(Boolean);
  const places = [CACHED, ...onPath.map((folder) => join(folder, 'nats-server'))];
  // A place that was named is the only one: silently taking another would hide the mistake.
  const named = env['SORTITION_NATS_SERVER'];
  for (const path of named ? [named] : places) if (await isExecutable(path)) return path;
  throw new BrokerError('BROKER_NOT_FOUND', named ?? 'neither in .cache/nats nor on the PATH');
}

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
