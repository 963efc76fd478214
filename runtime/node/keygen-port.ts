// The `keygen` port: the ledger's view of a generation and this validator's secrets, put together when its machine asks.
import type { Ledger } from '#machines/settlement/ledger.ts';
import { KeygenRequest } from '#schemas/node/keygen.ts';
import { keygenWords } from '../consensus/keygen-words.ts';
import type { OwnShares } from '../consensus/own-shares.ts';
import type { IoPort } from '../host/ports.ts';
import type { EncryptionKey } from '../keys/encryption-key.ts';

export type KeygenPortOptions = {
  readonly ledger: Pick<Ledger, 'keygen' | 'membershipOf'>;
  /** Own key, hex. */
  readonly id: string;
  readonly key: EncryptionKey;
  readonly shares: OwnShares;
};

/** Asked again after a crash it gives the same words, or none where the ledger has them or the phase is over. */
export function createKeygenPort({ ledger, id, key, shares }: KeygenPortOptions): IoPort {
  return async (request) => {
    const { epoch, phase } = KeygenRequest.parse(request);
    const view = ledger.keygen(epoch);
    const before = ledger.membershipOf(epoch - 1);
    if (view?.phase !== phase || before === undefined) return [];
    return keygenWords(view, { id, key, shares: shares.of(before) });
  };
}
