// What validators ask of the ledger: to join, with all that it takes, and to leave.
import { operatorSignBytes } from '#machines/settlement/nodes.ts';
import { possessionSignBytes } from '#machines/settlement/validators.ts';
import type { TxBody } from '#schemas/settlement/transaction.ts';
import type { Plan, Request } from './plan.ts';
import { candidateOf } from './sim-genesis.ts';
import { twinCrypto } from './twin-crypto.ts';

/** The transaction of a request, from the account of its node. */
export function requestBody(chain: string, { powers }: Plan, { asks, node }: Request): TxBody {
  if (asks === 'leave') return { type: 'validator.leave' };
  const { id, ...candidate } = { ...candidateOf(node), power: powers[node] ?? 0 };
  const { operator, cosigner } = candidate;
  return {
    type: 'validator.join',
    ...candidate,
    operator_signature: twinCrypto.sign(operator, operatorSignBytes(id)),
    cosigner_signature: twinCrypto.sign(cosigner, possessionSignBytes(chain, { id, ...candidate })),
  };
}
