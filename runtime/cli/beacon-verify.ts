// `sortition beacon verify`: the random value of a height, checked against the group key of its validators.
import { bytesToHex } from '@noble/hashes/utils.js';
import { LightClient } from '../light/light-client.ts';
import { productionCrypto } from '../node/crypto.ts';
import { EXIT } from './cli-error.ts';
import { bold, green, printJson, printLine } from './print.ts';
import { genesisOf, type LightOptions, reachConsole } from './reach.ts';
import { brief } from './table.ts';

export async function run(o: LightOptions, height: number): Promise<number> {
  const chain = await genesisOf(o);
  const client = new LightClient(chain, productionCrypto, await reachConsole(o));
  const { value, signature, group_key, at } = await client.beacon(height);
  if (o.json === true) {
    printJson({ chain: chain.id, height, value, signature, group_key, block: at.id });
    return EXIT.ok;
  }
  printLine(`${bold(`height ${height}`)}   beacon ${bytesToHex(value)}`);
  printLine(`  = SHA-256(signature ${bytesToHex(signature)})`);
  printLine(
    `  ${green('verified')}: signed under the group key ${brief(group_key)}, carried by certified block ${brief(at.id)}`,
  );
  return EXIT.ok;
}
