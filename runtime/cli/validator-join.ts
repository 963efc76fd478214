// `sortition validator join`: asks for a place in the validator set, with stake, a cosigner and a key for dealt shares.
import { operatorSignBytes } from '#machines/settlement/nodes.ts';
import { possessionSignBytes } from '#machines/settlement/validators.ts';
import { ensureEncryptionKey } from '../keys/encryption-key.ts';
import { ensureKeyFile, readKeyFile } from '../keys/key-file.ts';
import { keyPath } from '../network/local-genesis.ts';
import { EXIT } from './cli-error.ts';
import { printJson, printLine } from './print.ts';
import { type ReachOptions, reachConsole } from './reach.ts';

type Options = ReachOptions & {
  readonly key: string;
  readonly operator: string;
  readonly cosigner: string;
  readonly encryption: string;
  readonly power: number;
  readonly stake: number;
  readonly payer?: string;
};

export async function run(o: Options): Promise<number> {
  const [validator, operator, cosigner, encryption, client] = await Promise.all([
    readKeyFile(o.key),
    readKeyFile(o.operator),
    ensureKeyFile(o.cosigner),
    ensureEncryptionKey(o.encryption),
    reachConsole(o),
  ]);
  if (o.stake > 0) {
    const payer = await readKeyFile(o.payer ?? keyPath(o.data, 'client'));
    await client.transact(payer, { type: 'transfer', to: validator.id, asset: 'stake', amount_units: BigInt(o.stake) });
  }
  const { chain } = await client.network();
  const wanted = {
    id: validator.id,
    power: o.power,
    encryption_key: Buffer.from(encryption.public).toString('hex'),
  };
  const { height } = await client.transact(validator, {
    type: 'validator.join',
    power: o.power,
    cosigner: cosigner.id,
    cosigner_signature: cosigner.sign(possessionSignBytes(chain, wanted)),
    encryption_key: wanted.encryption_key,
    operator: operator.id,
    operator_signature: operator.sign(operatorSignBytes(validator.id)),
  });
  if (o.json === true) printJson({ ...wanted, operator: operator.id, cosigner: cosigner.id, height });
  else
    printLine(
      `${validator.id} asks for ${o.power} of the set’s seats since height ${height}. Keep its node running, and follow it with: sortition validators`,
    );
  return EXIT.ok;
}
