// The command table of `sortition`: names, options and help. What a command does is loaded only when it runs.
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { CODES, type Code } from '#schemas/wire/codes.ts';
import { MAX_VALIDATOR_POWER } from '#schemas/wire/limits.ts';
import { RefusedError } from '../network/network-error.ts';
import { SCHEDULE_KINDS } from '../sim/plan.ts';
import { CliError, EXIT } from './cli-error.ts';

const DATA = new Option('--data <dir>', 'folder of the network: keys, genesis, state, archive').default('.sortition');
const JSON_OUT = new Option('--json', 'print one JSON line instead of text');
const GATEWAY = new Option('--gateway <url>', 'address of the console (default: the running network of --data)');
const GENESIS = new Option('--genesis <file>', 'genesis file that you trust (default: the one in --data)');

/** Run one command line; returns the exit code. Errors are one sentence with a code and what to do. */
export async function runProgram(args: readonly string[]): Promise<number> {
  let exit_code: number = EXIT.ok;
  const program = buildProgram((code) => {
    exit_code = code;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exit_code;
  } catch (error) {
    return explain(error);
  }
}

/** The program without running it: help and reference docs are made from it. */
export function buildProgram(exit: (code: number) => void = () => undefined): Command {
  const program = new Command('sortition')
    .description('Run and use a network in which strangers’ machines do work that anyone can check.')
    .version('0.1.0')
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText(
      'after',
      '\nStart here:\n  sortition up                 a whole network on this machine, with its first job\n  sortition status             what the running network is doing\n  sortition help <command>     options and examples\n\nExit codes: 0 good, 1 failed, 64 wrong usage, 65 refused by the network, 69 network not reached;\n`verify`: 2 bad hash, 3 bad quorum, 4 not anchored, 5 not zero-sum;\n`evidence check`: 6 fork proven, too few named.',
    );

  const command = (name: string, about: string): Command =>
    program.command(name).description(about).addOption(JSON_OUT);
  /** Load `./<file>.ts` and run its `run(options, ...arguments)`. */
  const runs =
    (file: string) =>
    async (...args: unknown[]): Promise<void> => {
      const [options, ...rest] = [args.at(-2), ...args.slice(0, -2)];
      const { run } = (await import(`./${file}.ts`)) as {
        run: (options: unknown, ...rest: unknown[]) => Promise<number>;
      };
      exit(await run(options, ...rest));
    };

  command('up', 'Start a local network and run the main job: a Collatz range just above 2^71.')
    .addOption(DATA)
    .option('--exit', 'end after the verified settlement')
    .option('--fresh', 'forget the state of an earlier run')
    .option('--units <n>', 'units of the job', whole(1, 100_000), 32)
    .option('--unit-log2 <n>', 'numbers in a unit, as a power of two', whole(20, 40), 34)
    .option('--port <n>', 'port of the console', whole(0, 65_535), 8080)
    .addHelpText(
      'after',
      '\nExamples:\n  sortition up                         stay up, console at the printed address\n  sortition up --exit --json           run the job, print the result, end\n  sortition up --fresh --units 8       a smaller job on a new network',
    )
    .action(runs('up'));

  command('node', 'Join actors to an existing network: one process, one database, one or several actors.')
    .requiredOption('--genesis <file>', 'genesis file of the network')
    .requiredOption(
      '--url <url>',
      'address of the broker, e.g. nats://127.0.0.1:4222; of all servers of a cluster, with commas between',
    )
    .requiredOption('--actor <kind:keyfile...>', 'actor to host, e.g. worker:keys/w1.seed (repeat for more)')
    .requiredOption('--data <dir>', 'folder of this node: its database and archive')
    .option(
      '--from <file>',
      'checkpoint that `sortition light` wrote: no other chain than the one with this block is followed',
    )
    .option('--beacon-share <file>', 'validators of the genesis: secret shares of the beacon by its dealer')
    .option('--encryption <file>', 'validators: key that shares of the beacon are dealt to')
    .option('--cosigner <file>', 'validators: key that cosigns settlement checkpoints')
    .option(
      '--http-port <n>',
      'port for metrics and health, and the console of a gateway; 0 takes a free one',
      whole(0, 65_535),
      0,
    )
    .option('--ws-url <url>', 'gateways: address of the broker for browsers')
    .option('--name <text>', 'name of the node in its log')
    .option('--sandboxes <n>', 'processes that compute', whole(1, 64), 1)
    .addOption(new Option('--dishonest <how>', 'for tests: a worker that fakes sub-units').choices(['fake-sub-units']))
    .addHelpText(
      'after',
      '\nExample:\n  sortition node --genesis genesis.json --url nats://127.0.0.1:4222 --actor worker:keys/me.seed --data ./me',
    )
    .action(runs('node'));

  command('register', 'Make a key a node of the ledger: its operator signs, a worker gets its stake.')
    .requiredOption('--key <file>', 'key of the node')
    .requiredOption('--operator <file>', 'key of its operator')
    .option('--kind <kind>', 'worker, shuffler, archiver, gateway or client', 'worker')
    .option('--stake <n>', 'minor units of stake to give it first; 0 for none', whole(0, 2 ** 50), 1_000_000)
    .option('--payer <file>', 'key that pays the stake (default: the local client)')
    .addOption(DATA)
    .addOption(GATEWAY)
    .addHelpText(
      'after',
      '\nA stranger joins in four steps:\n  sortition keys new me.seed && sortition keys new operator.seed\n  sortition keys admit <actor id> --kind worker      (whoever runs the broker)\n  sortition register --key me.seed --operator operator.seed\n  sortition node --genesis genesis.json --url <broker> --actor worker:me.seed --data ./me',
    )
    .action(runs('register'));

  command('validators', 'The validator set: seats, states, locked stake, and when it changes next.')
    .addOption(DATA)
    .addOption(GATEWAY)
    .action(runs('validators'));
  const validator = program.command('validator').description('Ask for a place in the validator set, or to leave it.');
  validator
    .command('join')
    .description('Ask for seats: locks stake, proves that cosigner and operator agree.')
    .requiredOption('--key <file>', 'key of the validator')
    .requiredOption('--operator <file>', 'key of its operator')
    .requiredOption('--cosigner <file>', 'key that cosigns settlement checkpoints; made where there is none')
    .requiredOption('--encryption <file>', 'key that shares of the beacon are dealt to; made where there is none')
    .option('--power <n>', 'seats', whole(1, MAX_VALIDATOR_POWER), 1)
    .option('--stake <n>', 'minor units of stake to give it first; 0 for none', whole(0, 2 ** 50), 0)
    .option('--payer <file>', 'key that pays the stake (default: the local client)')
    .addOption(DATA)
    .addOption(GATEWAY)
    .addOption(JSON_OUT)
    .addHelpText(
      'after',
      '\nExample:\n  sortition validator join --power 2 --key me.seed --operator operator.seed --cosigner cosigner.seed --encryption encryption.seed',
    )
    .action(runs('validator-join'));
  validator
    .command('leave')
    .description('Ask to go: the set follows at a boundary, the stake is free when it is unbonded.')
    .requiredOption('--key <file>', 'key of the validator')
    .addOption(DATA)
    .addOption(GATEWAY)
    .addOption(JSON_OUT)
    .action(runs('validator-leave'));

  command('submit', 'Submit a job and pay its reward into escrow.')
    .addOption(DATA)
    .addOption(GATEWAY)
    .option('--key <file>', 'key of the paying account (default: the local client)')
    .option('--kernel <name>', 'collatz/v1 or noop/v1', 'collatz/v1')
    .option('--start <number>', 'first number, decimal or like 2^71', '2^71')
    .option('--units <n>', 'units', whole(1, 100_000), 8)
    .option('--unit-log2 <n>', 'numbers in a unit, as a power of two', whole(8, 40), 28)
    .option('--reward <n>', 'minor units of credit for each unit', whole(10, 2 ** 40), 1_000)
    .option('--idempotency-key <text>', 'the same key never makes a second job (default: derived from the job)')
    .option('--wait', 'wait until the job is finished, with a progress bar')
    .addHelpText('after', '\nExample:\n  sortition submit --start 2^71 --units 8 --wait')
    .action(runs('submit'));

  const module = program.command('module').description('WebAssembly modules that tasks are made of.');
  module
    .command('check')
    .description('Say whether a network would take a module: its address, memory, imports and exports, or why not.')
    .argument('<file>', 'module in the binary format: .wasm')
    .option('--floats', 'check it for the float profile, which makes each NaN the same')
    .option('--out <file>', 'write the metered module that workers would run')
    .addOption(JSON_OUT)
    .addHelpText(
      'after',
      '\nExit codes: 0 it would be taken, 65 it would be refused.\n\nExample:\n  sortition module check task.wasm --json',
    )
    .action(runs('module-check'));

  command('status', 'What the network is doing: height, validators, workers, jobs, refusals.')
    .addOption(DATA)
    .addOption(GATEWAY)
    .action(runs('status'));
  command('jobs', 'List the jobs, or show one with its units.')
    .argument('[job]', 'job id')
    .addOption(DATA)
    .addOption(GATEWAY)
    .action(runs('jobs'));

  command('verify', 'Check an archived settlement bundle offline: hashes, quorum, sums.')
    .argument('<bundle>', 'bundle folder')
    .option('--genesis <file>', 'genesis file that you trust: sets are followed from there to the one that cosigned')
    .option('--from <file>', 'with --genesis: checkpoint of `sortition light` from which sets are followed')
    .option('--policy <file>', 'policy that you trust; without it or a genesis the bundle’s own is used, and said so')
    .addHelpText('after', '\nExit codes: 0 good, 2 bad hash, 3 bad quorum, 4 not anchored, 5 not zero-sum.')
    .action(runs('verify'));

  const evidence = program
    .command('evidence')
    .description('Evidence of a fork, as a validator that stopped on it left it in its folder.');
  evidence
    .command('check')
    .description('Name who made a fork, offline: from the evidence files of its nodes, trusting only the genesis file.')
    .argument('<files...>', 'evidence files of one height, of one node or of several: evidence-<height>.json')
    .requiredOption('--genesis <file>', 'genesis file of the network')
    .option(
      '--from <file>',
      'checkpoint of `sortition light`, where the files do not tell all sets from the genesis on',
    )
    .addOption(JSON_OUT)
    .addHelpText(
      'after',
      '\nExit codes: 0 fork proven and more than a third of the power named, 6 fork proven but too few named, 1 nothing is proven.\n\nExamples:\n  sortition evidence check evidence-42.json --genesis genesis.json\n  sortition evidence check nodes/*/evidence-42.json --genesis genesis.json',
    )
    .action(runs('evidence-check'));
  evidence
    .command('add')
    .description('Add to an evidence file what your own stopped node holds of its height, and print it.')
    .argument('<file>', 'evidence file of another node: evidence-<height>.json')
    .requiredOption('--data <dir>', 'folder of your node')
    .addOption(JSON_OUT)
    .addHelpText(
      'after',
      '\nFor a node that stopped at another height: files of two heights do not add up.\n\nExample:\n  sortition evidence add evidence-42.json --data nodes/validator-2 > more-42.json',
    )
    .action(runs('evidence-add'));

  command('draw', 'Show how a unit’s worker and auditors were drawn.')
    .argument('<unit>', 'unit id: <job>/<index>')
    .addOption(DATA)
    .addOption(GATEWAY)
    .addOption(GENESIS)
    .option('--verify', 'recompute the draw from the beacon and the pool, trusting only the genesis file')
    .action(runs('draw'));

  command('light', 'Check the last block by its certificate alone, and prove balances, trusting only the genesis file.')
    .addOption(DATA)
    .addOption(GATEWAY)
    .addOption(GENESIS)
    .option('--from <file>', 'checkpoint of an earlier run: a network that contradicts it is refused')
    .option('--save <file>', 'write the last block as a checkpoint')
    .option('--evidence <dir>', 'folder for the evidence of a fork, should there be one', '.')
    .option('--balance <asset/account...>', 'prove what an account holds, e.g. credit/<id>')
    .addHelpText(
      'after',
      '\nExamples:\n  sortition light --genesis genesis.json --gateway http://127.0.0.1:8080 --save seen.json\n  sortition light --genesis genesis.json --from seen.json --balance credit/treasury',
    )
    .action(runs('light'));

  const beacon = program.command('beacon').description('The network’s random values.');
  beacon
    .command('verify')
    .description('Check the beacon of a height against the group key of its validators, and print it.')
    .argument('<height>', 'height whose beacon is asked for', whole(1, Number.MAX_SAFE_INTEGER - 1))
    .addOption(DATA)
    .addOption(GATEWAY)
    .addOption(GENESIS)
    .addOption(JSON_OUT)
    .action(runs('beacon-verify'));

  const keys = program
    .command('keys')
    .description('Key files: make one, show its public parts, admit it to a local broker.');
  keys
    .command('new')
    .description('Make a key file (mode 600).')
    .argument('<file>', 'where to write the seed')
    .addOption(JSON_OUT)
    .action(runs('keys-new'));
  keys
    .command('show')
    .description('Print actor id and NKey of a key file, never the seed.')
    .argument('<file>')
    .addOption(JSON_OUT)
    .action(runs('keys-show'));
  keys
    .command('admit')
    .description('Let an actor connect to the broker of a local network.')
    .argument('<id>', 'actor id (64 hex characters)')
    .requiredOption('--kind <kind>', 'validator, worker, shuffler, archiver, gateway or client')
    .addOption(DATA)
    .addOption(JSON_OUT)
    .action(runs('keys-admit'));

  command('inspect', 'Ask a running actor for its snapshot, mailbox, timers, outbox and quarantine.')
    .argument('<actor>', 'actor id')
    .addOption(DATA)
    .action(runs('inspect'));
  command(
    'quarantine',
    'List, inject again or drop messages that an actor could not process, or let a stopped actor go on.',
  )
    .argument('<verb>', 'list, inject, drop or resume')
    .argument('<actor>', 'actor id')
    .argument('[message]', 'number of a message from the list')
    .addOption(DATA)
    .action(runs('quarantine'));

  command('sim', 'Run seeded schedules of the production machines under a virtual network, clock and disk.')
    .option('--schedules <n>', 'how many', whole(1, 10_000_000), 200)
    .option('--seed <n>', 'first seed', whole(0, Number.MAX_SAFE_INTEGER), 1)
    .option('--mutation <name>', 'plant a known bug: the run must find it')
    .addOption(new Option('--kind <kind>', 'only schedules of this kind').choices(SCHEDULE_KINDS))
    .option('--replay <file>', 'tell the story of a schedule that failed, from its file')
    .option('--gate', 'look for every planted bug within its budget')
    .option('--workers <n>', 'threads that share the work; the result is the same (default: one a core)', whole(1, 256))
    .addHelpText('after', '\nExample:\n  sortition sim --schedules 2000 --seed 7 --json')
    .action(runs('sim'));

  command('bench', 'Measure this machine: one JSON line of metrics.')
    .argument('<what>', 'runtime, consensus, sync, work, store or start')
    .option('--validators <n>', 'consensus and sync: validators', whole(1, 100), 4)
    .action(runs('bench'));
  return program;
}

/** A parser of whole numbers within bounds. */
function whole(min: number, max: number) {
  return (text: string): number => {
    const n = Number(text);
    if (!Number.isSafeInteger(n) || n < min || n > max)
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    return n;
  };
}

/** Codes that say that nobody answered. */
const UNREACHED: ReadonlySet<string> = new Set<Code>(['NETWORK_NOT_RUNNING', 'BUS_UNAVAILABLE', 'BUS_NO_ANSWER']);

function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof CliError) {
    process.stderr.write(`${error.line}\n`);
    return error.exit_code;
  }
  const { code, message } = error as { readonly code?: string; readonly message?: string };
  if (code !== undefined && code in CODES)
    process.stderr.write(`${code}: ${message?.replace(`${code}: `, '')}. ${CODES[code as Code]}\n`);
  else process.stderr.write(`INTERNAL_BUG: ${message ?? String(error)}\n`);
  if (error instanceof RefusedError || code === 'BUS_NOT_AUTHORISED') return EXIT.refused;
  return code !== undefined && UNREACHED.has(code) ? EXIT.unavailable : EXIT.failure;
}
