// Behind `npm start` and `npm test`: makes a fresh clone ready, then goes on with the project's own Node.
// Plain JavaScript that any Node from 18 on runs, because nothing is installed yet when it starts.
//   node infra/setup.mjs [start|test] [arguments of the command]
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureNatsServer } from './nats/install.mjs';
import { SETUP_CODES, SetupError } from './setup/codes.mjs';
import { say } from './setup/command.mjs';
import { ensureConsole } from './setup/console.mjs';
import { handOver } from './setup/handover.mjs';
import { ensureNode } from './setup/node.mjs';
import { ensurePackages } from './setup/packages.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What each npm script leads to; without one the set-up is all there is to do. */
const TARGETS = {
  start: ['runtime/cli/main.ts', 'up'],
  test: ['node_modules/vitest/vitest.mjs', 'run', '--project', 'unit', '--project', 'e2e'],
};

async function main([target, ...args]) {
  if (target !== undefined && !Object.hasOwn(TARGETS, target)) {
    throw new SetupError('SETUP_TARGET_UNKNOWN', `there is no '${target}'`);
  }
  await ensurePackages(ROOT);
  const node = await ensureNode(ROOT);
  const env = { ...process.env, ...(await broker()) };
  await ensureConsole(ROOT, node);
  if (target === undefined) return 0;
  const [program, ...fixed] = TARGETS[target];
  env.PATH = [join(ROOT, 'node_modules', '.bin'), process.env.PATH].join(delimiter);
  return handOver(node, [join(ROOT, program), ...fixed, ...args], { cwd: ROOT, env });
}

/** The variables that tell the network which broker to use: a running one, or the program to start one with. */
async function broker() {
  if (process.env.NATS_URL) return {};
  const { path, version, way } = await ensureNatsServer();
  if (way !== 'cache') say(`nats-server: ${version}, by way '${way}'`);
  return { SORTITION_NATS_SERVER: path };
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(`${error.code}: ${error.message}\n${SETUP_CODES[error.code]}`);
  process.exitCode = 1;
}
