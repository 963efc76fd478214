// Builds the console into web/dist, and only when its sources, or the schemas that it shares, are not those of the last build.
import { createHash } from 'node:crypto';
import { access, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { SetupError } from './codes.mjs';
import { lastLines, run, say } from './command.mjs';

const NOT_SOURCES = new Set(['dist', 'node_modules']);

/** @param {string} root project folder @param {string} node the Node to build with @throws {SetupError} SETUP_CONSOLE_FAILED */
export async function ensureConsole(root, node) {
  const web = join(root, 'web');
  if (!(await exists(join(web, 'index.html')))) return;
  const stamp = join(root, '.cache', 'console.sha256');
  const sources = await digest([web, join(root, 'schemas'), join(root, 'package-lock.json')], root);
  const built = await readFile(stamp, 'utf8').catch(() => '');
  if (built === sources && (await exists(join(web, 'dist', 'index.html')))) return;
  say('console: building …');
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const { ok, output } = await run(node, [vite, 'build', web, '--logLevel', 'warn'], { cwd: root });
  if (!ok) throw new SetupError('SETUP_CONSOLE_FAILED', `vite build failed:\n${lastLines(output)}`);
  await mkdir(join(root, '.cache'), { recursive: true });
  await writeFile(stamp, sources);
}

async function digest(paths, root) {
  const hash = createHash('sha256');
  for (const path of paths) {
    for (const file of await filesUnder(path)) hash.update(`${relative(root, file)}\0`).update(await readFile(file));
  }
  return hash.digest('hex');
}

async function filesUnder(path) {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => undefined);
  if (!entries) return (await exists(path)) ? [path] : [];
  const inside = entries.filter((entry) => !NOT_SOURCES.has(entry.name)).map((entry) => entry.name);
  const lists = await Promise.all(inside.sort().map((name) => filesUnder(join(path, name))));
  return lists.flat();
}

function exists(path) {
  return access(path).then(
    () => true,
    () => false,
  );
}
