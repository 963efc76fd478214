// Chooses the console's port before anything starts, so that the broker can be told which pages may connect.
import { once } from 'node:events';
import { createServer } from 'node:net';

/** The preferred port if nobody listens there, else a free one. @param preferred 0: any */
export const freePort = (preferred: number): Promise<number> => listen(preferred).catch(() => listen(0));

async function listen(port: number): Promise<number> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : port;
}
