// Another Node of the machine than the one that runs the tests, and the sources in a form that an old one takes.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { glob, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A Node of the system that is not this one; undefined where there is none. */
export async function otherNode(): Promise<string | undefined> {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
  for (const node of folders.map((folder) => join(folder, 'node'))) {
    if (!existsSync(node)) continue;
    const { stdout } = await promisify(execFile)(node, ['--version']);
    if (stdout.trim() !== process.version) return node;
  }
  return undefined;
}

/** The sources that the patterns name as plain JavaScript under `to`, for a Node too old to strip types. */
export async function stripSources(to: string, ...patterns: readonly string[]): Promise<void> {
  for await (const file of glob(patterns, { cwd: ROOT, exclude: (name) => name.endsWith('.d.ts') })) {
    const target = join(to, file.replace(/\.ts$/, '.js'));
    await mkdir(dirname(target), { recursive: true });
    const script = stripTypeScriptTypes(await readFile(join(ROOT, file), 'utf8'));
    await writeFile(target, script.replaceAll(/\.ts'/g, ".js'"));
  }
  const imports = Object.fromEntries(
    ['schemas', 'machines', 'actors', 'runtime'].map((name) => [`#${name}/*`, `./${name}/*`]),
  );
  await writeFile(join(to, 'package.json'), JSON.stringify({ type: 'module', imports }));
  await symlink(join(ROOT, 'node_modules'), join(to, 'node_modules'));
}
