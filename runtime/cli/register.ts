// `sortition register`: makes a key a node of the ledger, under its operator's signature, and gives a worker its stake.
import { operatorSignBytes } from '#machines/settlement/nodes.ts';
import { readKeyFile } from '../keys/key-file.ts';
import { keyPath } from '../network/local-genesis.ts';
import { CliError, EXIT } from './cli-error.ts';
import { printJson, printLine } from './print.ts';
import { type ReachOptions, reachConsole } from './reach.ts';

type Options = ReachOptions & {
  readonly key: string;
  readonly operator: string;
  readonly kind: string;
  readonly stake: number;
  readonly payer?: string;
};

const KINDS = ['worker', 'shuffler', 'archiver', 'gateway', 'client'] as const;

export async function run(o: Options): Promise<number> {
  const kind = KINDS.find((one) => one === o.kind);
  if (kind === undefined) throw new CliError('ACTOR_KIND_UNKNOWN', `'${o.kind}' cannot be registered.`, EXIT.usage);
  const [node, operator, client] = await Promise.all([readKeyFile(o.key), readKeyFile(o.operator), reachConsole(o)]);
  if (o.stake > 0) {
    const payer = await readKeyFile(o.payer ?? keyPath(o.data, 'client'));
    await client.transact(payer, { type: 'transfer', to: node.id, asset: 'stake', amount_units: BigInt(o.stake) });
  }
  const operator_signature = operator.sign(operatorSignBytes(node.id));
  const { height } = await client.transact(node, {
    type: 'node.register',
    kind,
    operator: operator.id,
    operator_signature,
  });
  if (o.json === true) printJson({ id: node.id, kind, operator: operator.id, height });
  else
    printLine(
      `${node.id} is a ${kind} of ${operator.id} since height ${height}. Start it with: sortition node --actor ${kind}:${o.key} …`,
    );
  return EXIT.ok;
}
