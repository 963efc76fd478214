// The console's files: what has a hash in its name may be kept for ever, the page that names them may not.
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';

/** Serves what `vite build` wrote; without it only the API answers. Whether it was there. */
export async function addPages(server: FastifyInstance, dir: string): Promise<boolean> {
  const isBuilt = await access(join(dir, 'index.html')).then(
    () => true,
    () => false,
  );
  if (!isBuilt) return false;
  const { default: fastifyStatic } = await import('@fastify/static');
  await server.register(fastifyStatic, {
    root: dir,
    index: ['index.html'],
    cacheControl: false,
    setHeaders: (reply, path) => {
      const isHashed = path.includes('/assets/');
      void reply.header('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
  return true;
}
