// The command line teaches, speaks JSON, and fails in one sentence with a code that its exit code agrees with.
import { fork } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXIT } from '#runtime/cli/cli-error.ts';
import { buildProgram } from '#runtime/cli/program.ts';
import { CODES } from '#schemas/wire/codes.ts';
import { Command } from '../support/command.ts';
import { sortition } from './run.ts';

const COMMANDS = [
  'up',
  'node',
  'validators',
  'validator',
  'submit',
  'module',
  'status',
  'jobs',
  'verify',
  'draw',
  'evidence',
  'light',
  'beacon',
  'keys',
  'inspect',
  'quarantine',
  'sim',
  'bench',
];
const ACTOR = 'ab'.repeat(32);

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sortition-cli-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe('help', () => {
  test('lists every command with a sentence, and every exit code', async () => {
    const { exit, out } = await sortition('--help');
    expect(exit).toBe(EXIT.ok);
    for (const name of COMMANDS) expect(out).toMatch(new RegExp(`^  ${name} .*[A-Z]`, 'm'));
    for (const code of Object.values(EXIT)) expect(out).toContain(`${code} `);
  });

  const commands = buildProgram().commands.flatMap((command) =>
    command.commands.length > 0 ? command.commands : [command],
  );
  test.each(commands.map((command) => [command.name(), command] as const))(
    '%s says what it does and takes --json',
    (_name, command) => {
      expect(command.description()).toMatch(/^[A-Z].*\.$/);
      expect(command.options.map(({ long }) => long)).toContain('--json');
    },
  );

  test('a command explains its options', async () => {
    const { exit, out } = await sortition('submit', '--help');
    expect(exit).toBe(EXIT.ok);
    expect(out).toMatch(/--unit-log2 <n>.*power of two/);
    expect(out).toMatch(/Example/);
  });

  test.each([
    ['help', ['--help'], EXIT.ok],
    ['what fails', ['verify', 'none'], EXIT.failure],
  ] as const)('%s ends with its own exit code where nobody reads it to its end', async (_name, args, exit) => {
    const command = new Command(...args);
    command.closeOutput();
    expect({ exit: await command.ended, err: command.err }).toEqual({ exit, err: '' });
  });

  test('a word that is nearly a command is put right', async () => {
    const { exit, err } = await sortition('statsu');
    expect(exit).toBe(EXIT.usage);
    expect(err).toMatch(/Did you mean status\?/);
  });
});

test('a command leaves the channel of its process alone: a test runner without it ends in the middle', async () => {
  const child = fork(new URL('child-with-channel.ts', import.meta.url), {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const told = new Promise((resolve) => {
    child.once('message', resolve);
    child.once('exit', (code) => resolve(`exit ${code}`));
  });
  expect(await told).toEqual({ before: true, refused: true, after: true });
});

describe('--json', () => {
  test('a key is made, shown without its seed, and never overwritten', async () => {
    const path = join(dir, 'me.seed');
    const made = JSON.parse((await sortition('keys', 'new', path, '--json')).out) as { id: string; nkey: string };
    expect(made.id).toMatch(/^[0-9a-f]{64}$/);
    const shown = await sortition('keys', 'show', path, '--json');
    expect(JSON.parse(shown.out)).toEqual({ id: made.id, nkey: made.nkey });
    expect(shown.out).not.toContain((await readFile(path, 'utf8')).trim());
    expect(await sortition('keys', 'new', path)).toMatchObject({
      exit: EXIT.failure,
      err: expect.stringMatching(/^KEY_FILE_EXISTS: /),
    });
  });

  test('an actor is admitted, also while nothing runs', async () => {
    const { exit, out } = await sortition('keys', 'admit', ACTOR, '--kind', 'worker', '--data', dir, '--json');
    expect({ exit, told: JSON.parse(out) }).toEqual({
      exit: EXIT.ok,
      told: { id: ACTOR, kind: 'worker', is_running: false },
    });
  });

  test('the simulator prints one line, and the same seed the same hash', async () => {
    const [a, b] = [
      await sortition('sim', '--schedules', '2', '--seed', '5', '--json'),
      await sortition('sim', '--schedules', '2', '--seed', '5', '--json'),
    ];
    expect(a.exit).toBe(EXIT.ok);
    expect(a.out.trim().split('\n')).toHaveLength(1);
    expect(JSON.parse(a.out)).toMatchObject({ schedules: 2, violations: 0, stalls: 0 });
    expect((JSON.parse(a.out) as { trace_hash: string }).trace_hash).toBe(
      (JSON.parse(b.out) as { trace_hash: string }).trace_hash,
    );
  });
});

describe('what fails says why, in one sentence with a code, and ends with the code for its kind', () => {
  const NODE = ['node', '--url', 'nats://127.0.0.1:1', '--data', 'none', '--actor'];
  const nowhere = ['--gateway', 'http://127.0.0.1:1'];
  test.each([
    ['an actor that is none', [...NODE, 'baker:x', '--genesis', 'none'], EXIT.usage, 'ACTOR_KIND_UNKNOWN'],
    ['a genesis that is not there', [...NODE, 'worker:x', '--genesis', 'none'], EXIT.failure, 'GENESIS_MISSING'],
    ['a network that does not run', ['status', '--data', 'nowhere'], EXIT.unavailable, 'NETWORK_NOT_RUNNING'],
    ['a console that nobody serves', ['jobs', ...nowhere], EXIT.unavailable, 'NETWORK_NOT_RUNNING'],
    ['a draw of a network that does not run', ['draw', 'x/0', ...nowhere], EXIT.unavailable, 'NETWORK_NOT_RUNNING'],
    ['a genesis to trust that is not there', ['light', '--genesis', 'none'], EXIT.failure, 'GENESIS_MISSING'],
    ['an account that is none', ['light', '--balance', 'credit/me'], EXIT.usage, 'ACCOUNT_KEY_INVALID'],
    ['an asset that is none', ['light', '--balance', 'gold/treasury'], EXIT.usage, 'ACCOUNT_KEY_INVALID'],
    ['a key that is not there', ['keys', 'show', 'none.seed'], EXIT.failure, 'KEY_FILE_MISSING'],
    ['a payer without a key', ['submit', ...nowhere, '--key', 'none.seed'], EXIT.failure, 'KEY_FILE_MISSING'],
    ['an actor whose network is not known', ['inspect', ACTOR, '--data', 'nowhere'], EXIT.failure, 'GENESIS_MISSING'],
    ['an order that is none', ['quarantine', 'eat', ACTOR], EXIT.usage, 'QUARANTINE_VERB_UNKNOWN'],
    ['an order without its message', ['quarantine', 'drop', ACTOR], EXIT.usage, 'QUARANTINE_VERB_UNKNOWN'],
    ['a bench that is none', ['bench', 'coffee'], EXIT.usage, 'BENCH_UNKNOWN'],
    ['a planted bug that is none', ['sim', '--mutation', 'coffee'], EXIT.usage, 'MUTATION_UNKNOWN'],
    ['an id that is none', ['keys', 'admit', 'me', '--kind', 'worker'], EXIT.usage, 'NUMBER_INVALID'],
    ['a kind that cannot be admitted', ['keys', 'admit', ACTOR, '--kind', 'baker'], EXIT.usage, 'ACTOR_KIND_UNKNOWN'],
    ['a policy that is not there', ['verify', 'none', '--policy', 'none.policy'], EXIT.usage, 'POLICY_UNREADABLE'],
  ] as const)('%s', async (_name, args, exit, code) => {
    const ran = await sortition(...args);
    expect(ran).toMatchObject({ exit, out: '' });
    expect(ran.err.trim().split('\n')).toHaveLength(1);
    expect(ran.err.startsWith(`${code}: `)).toBe(true);
    expect(ran.err.trim().endsWith(CODES[code])).toBe(true);
  });

  test('a bundle that is not there is said on standard output, as verify says all', async () => {
    const { exit, out } = await sortition('verify', join(dir, 'none'), '--json');
    expect(exit).toBe(EXIT.failure);
    expect(JSON.parse(out)).toMatchObject({ code: 'BUNDLE_UNREADABLE' });
  });

  test.each([
    ['no such command', ['bake']],
    ['no such option', ['status', '--loud']],
    ['a missing argument', ['verify']],
    ['a missing option', ['node']],
    ['a height without a beacon', ['beacon', 'verify', '0']],
    ['a number out of bounds', ['up', '--units', '0']],
    ['a number that is none', ['submit', '--units', 'many']],
  ])('%s is wrong usage', async (_name, args) => {
    const { exit, err } = await sortition(...args);
    expect(exit).toBe(EXIT.usage);
    expect(err).toMatch(/^error: /);
  });

  test('a key that others may read is not used', async () => {
    const path = join(dir, 'open.seed');
    await writeFile(path, `${'00'.repeat(32)}\n`, { mode: 0o644 });
    expect(await sortition('keys', 'show', path)).toMatchObject({
      exit: EXIT.failure,
      err: expect.stringMatching(/^KEY_FILE_PERMISSIONS: .*chmod 600/),
    });
  });
});
