// Requests to join or leave the validator set, and words of key generations, that the ledger of a running network refuses.
import { operatorSignBytes } from '#machines/settlement/nodes.ts';
import { possessionSignBytes } from '#machines/settlement/validators.ts';
import type { Signer } from '#runtime/keys/ed25519.ts';
import type { TxBody } from '#schemas/settlement/transaction.ts';
import { by } from './refusal-jobs.ts';
import { type Row, rows } from './refusal-row.ts';
import { newSigner, type RefusalWorld, STRANGER } from './refusal-world.ts';

type Join = Extract<TxBody, { type: 'validator.join' }>;

const COSIGNER = newSigner();
const ENCRYPTION_KEY = '5e'.repeat(32);

/** A right request of this key for one seat; `bend` changes it after it was signed. */
function joinOf(world: RefusalWorld, name: string, bend: Partial<Join> = {}, cosigner: Signer = COSIGNER): Join {
  const { id } = world.key(name);
  const operator = world.key('operator-ada');
  const wanted = { id, power: 1, encryption_key: ENCRYPTION_KEY };
  return {
    type: 'validator.join',
    power: 1,
    cosigner: cosigner.id,
    cosigner_signature: cosigner.sign(possessionSignBytes(world.chain, wanted)),
    encryption_key: ENCRYPTION_KEY,
    operator: operator.id,
    operator_signature: operator.sign(operatorSignBytes(id)),
    ...bend,
  };
}
const joining = (name: string, bend: (world: RefusalWorld) => Partial<Join> = () => ({})) =>
  by(name, (world) => joinOf(world, name, bend(world)));
const takenCosigner = (world: RefusalWorld): Partial<Join> => ({
  cosigner: world.running.network.chain.genesis.validators[0]?.cosigner ?? '',
});
const word = (body: TxBody) => by('validator-2', () => body);

/** `fresh` has no stake, `client` is registered as something else and has some. */
export const VALIDATOR_ROWS: readonly Row[] = rows('transaction', 'ledger', [
  ['a validator that asks for a place which it has', 'VALIDATOR_EXISTS', joining('validator-2')],
  ['a worker that asks for a place in the validator set', 'NODE_EXISTS', joining('worker-ada-1')],
  ['a place without the stake for it', 'STAKE_LOW', joining('fresh')],
  ['a cosigner that is another validator’s', 'COSIGNER_TAKEN', joining('fresh', takenCosigner)],
  ['leaving a set without being in it', 'VALIDATOR_ABSENT', by('client', () => ({ type: 'validator.leave' }))],
  [
    'a place for a cosigner that has not agreed',
    'COSIGNER_SIGNATURE_INVALID',
    async (world) => {
      const stake = { type: 'transfer', asset: 'stake', amount_units: 1_000_000n } as const;
      await world.execute('client', { ...stake, to: world.key('fresh').id });
      const cosigner_signature = STRANGER.sign(new Uint8Array(1));
      return world.execute('fresh', joinOf(world, 'fresh', { cosigner_signature }));
    },
  ],
  [
    'stake that a validator’s seat needs',
    'STAKE_LOCKED',
    by('validator-2', (world) => ({
      type: 'transfer',
      to: world.key('client').id,
      asset: 'stake',
      amount_units: 9_500_000n,
    })),
  ],
  [
    'a commitment to a key generation that is not under way',
    'KEYGEN_UNKNOWN',
    word({ type: 'keygen.commit', epoch: 7, hash: new Uint8Array(32) }),
  ],
]);
