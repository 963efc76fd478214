// `sortition light`: goes from the genesis or a checkpoint to the last block by certificates alone, and proves balances.
import type { NamedHeader } from '#machines/consensus/certified-header.ts';
import { ACCOUNT_NAME } from '#schemas/settlement/proven-row.ts';
import { Asset } from '#schemas/settlement/transaction.ts';
import { readCheckpoint, writeCheckpoint } from '../light/checkpoint-file.ts';
import { type AccountKey, LightClient, type ProvenBalance } from '../light/light-client.ts';
import { productionCrypto } from '../node/crypto.ts';
import { CliError, EXIT } from './cli-error.ts';
import { keepingEvidence } from './fork-evidence.ts';
import { whenProven } from './pending.ts';
import { bold, dim, green, printJson, printLine } from './print.ts';
import { genesisOf, type LightOptions, reachConsole } from './reach.ts';
import { brief } from './table.ts';

type Options = LightOptions & {
  readonly from?: string;
  readonly save?: string;
  /** Each `asset/account`. */
  readonly balance?: readonly string[];
  /** Folder for what proves a fork. */
  readonly evidence: string;
};

export async function run(o: Options): Promise<number> {
  const accounts = (o.balance ?? []).map(accountKey);
  const chain = await genesisOf(o);
  const from = o.from === undefined ? undefined : await readCheckpoint(o.from, chain.id, productionCrypto);
  const client = new LightClient(chain, productionCrypto, await reachConsole(o), from);
  const { tip, balances } = await keepingEvidence(o.evidence, () => look(client, accounts));
  const checkpoint = client.checkpoint;
  if (o.save !== undefined && checkpoint !== undefined) await writeCheckpoint(o.save, checkpoint);
  if (o.json === true) printJson(told(chain.id, tip, balances));
  else show(tip, balances, Date.now());
  return EXIT.ok;
}

async function look(client: LightClient, accounts: readonly AccountKey[]): Promise<Seen> {
  await client.confirm();
  const balances: ProvenBalance[] = [];
  for (const key of accounts) balances.push(await whenProven('ROW_PROOF_PENDING', () => client.balance(key)));
  return { tip: await client.follow(), balances };
}

type Seen = { readonly tip: NamedHeader; readonly balances: readonly ProvenBalance[] };

function accountKey(text: string): AccountKey {
  const [kind, account = '', ...rest] = text.split('/');
  const asset = Asset.options.find((one) => one === kind);
  if (asset === undefined || !ACCOUNT_NAME.test(account) || rest.length > 0)
    throw new CliError('ACCOUNT_KEY_INVALID', `'${text}'.`, EXIT.usage);
  return { asset, account };
}

const told = (chain: string, { id, header }: NamedHeader, balances: readonly ProvenBalance[]) => ({
  chain,
  height: header.height,
  block: id,
  time_ms: header.time_ms,
  state_root: header.state_root,
  balances: balances.map(({ asset, account, amount_units, at }) => ({
    asset,
    account,
    amount_units,
    height: at.header.height,
    block: at.id,
  })),
});

function show({ id, header }: NamedHeader, balances: readonly ProvenBalance[], now_ms: number): void {
  const age = `${((now_ms - header.time_ms) / 1000).toFixed(1)} s ago by this machine’s clock`;
  printLine(`${bold(`height ${header.height}`)}   block ${id}`);
  printLine(`  ${green('verified')} from the genesis: a quorum of its validators committed to it, ${age}`);
  for (const { asset, account, amount_units, at } of balances) {
    printLine(`${bold(`${amount_units} ${asset}`)}   ${account}`);
    printLine(dim(`  proven under the state root of height ${at.header.height}, block ${brief(at.id)}`));
  }
}
