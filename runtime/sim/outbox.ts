// The transactions of one account: signed once in nonce order, sent to some validators, repeated to others until the ledger has them.
import type { Ledger } from '#machines/settlement/ledger.ts';
import type { TxBody } from '#schemas/settlement/transaction.ts';
import { encodeTx, txBytes, txSignBytes } from '#schemas/settlement/tx-codec.ts';
import { twinCrypto } from './twin-crypto.ts';
import type { Peer, World } from './world.ts';

export type Outbox = {
  submit(body: TxBody): void;
  /** Send again what the ledger has not seen. */
  repeat(ledger: Ledger | undefined): void;
};

/** Heights that a simulated transaction stays valid: longer than any schedule. */
const EXPIRY_HEIGHT = 10_000;

/** Validators that hear a transaction at once; where phases of a few blocks wait for it, all of them do. */
const COPIES = 2;

/** An empty outbox of `account`. */
export function createOutbox(world: World, account: string): Outbox {
  const waiting = new Map<number, Uint8Array>();
  let next = 0;
  const send = (bytes: Uint8Array): void => {
    const { length } = world.replicas;
    const first = world.prng.below(length);
    const copies = world.plan.kind === 'epochs' ? length : COPIES;
    for (let i = 0; i < copies; i++)
      world.deliver(world.replicas[(first + i) % length] as Peer, { type: 'transaction', bytes });
  };
  return {
    submit(body) {
      const nonce = next++;
      const bytes = txBytes({
        v: 1,
        chain: world.base.chain,
        account,
        nonce,
        expiry_height: EXPIRY_HEIGHT,
        fee_units: 1n,
        body,
      });
      const wire = encodeTx(bytes, twinCrypto.sign(account, txSignBytes(bytes)));
      waiting.set(nonce, wire);
      send(wire);
    },
    repeat(ledger) {
      const seen = ledger?.nextNonce(account) ?? 0;
      for (const [nonce, wire] of waiting) {
        if (nonce < seen) waiting.delete(nonce);
        else send(wire);
      }
    },
  };
}
