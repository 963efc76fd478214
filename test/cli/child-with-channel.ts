// A process with a parent that runs a command of ours and tells whether its channel would still keep it alive, as a test runner's must.
import { EXIT } from '#runtime/cli/cli-error.ts';
import { runProgram } from '#runtime/cli/program.ts';

process.on('message', () => undefined);
const keepsAlive = (): boolean => process.getActiveResourcesInfo().includes('PipeWrap');

const before = keepsAlive();
const options = ['--url', 'nats://127.0.0.1:1', '--data', 'none', '--actor', 'worker:x', '--genesis', 'none'];
const exit = await runProgram(['node', ...options]);
process.send?.({ before, refused: exit === EXIT.failure, after: keepsAlive() }, () => process.disconnect());
