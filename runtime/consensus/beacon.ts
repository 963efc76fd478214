// The beacon's key and its algebra: threshold BLS12-381, keys in G1, signatures in G2 (the "POP" suite of draft-irtf-cfrg-bls-signature-05).
import { PublicKey, SecretKey, Signature, verify } from '@chainsafe/blst';
import bls from 'bls-eth-wasm';

/** A share of the signature, by the validator with this index. */
export type Partial = { readonly validator: number; readonly signature: Uint8Array };

/** Sign with a share: 0.6 ms. @param secret hex */
export const signPartial = (secret: string, message: Uint8Array): Uint8Array =>
  SecretKey.fromHex(secret).sign(message).toBytes();

/** Whether it is the signature under this key, the group's or a share's: 1.4 ms. Never throws. @param key 48 bytes, hex */
export function verifyBls(key: string, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify(message, PublicKey.fromHex(key), Signature.fromBytes(signature, true));
  } catch {
    return false; // not the encoding of a point of the group
  }
}

/** Load the WebAssembly behind `recover`. Points are not checked there: the result is verified, which costs less. */
export async function loadRecovery(): Promise<void> {
  await bls.init(bls.BLS12_381);
  bls.verifySignatureOrder(false);
}

/** The group's signature from `threshold` partials (Lagrange at 0), or undefined where one is no point: 1.5 ms for three, unverified. */
export function recover(partials: readonly Partial[]): Uint8Array | undefined {
  try {
    const recovered = new bls.Signature();
    recovered.recover(partials.map(pointOf), partials.map(placeOf));
    return recovered.serialize();
  } catch {
    return undefined;
  }
}

function pointOf({ signature }: Partial): InstanceType<typeof bls.Signature> {
  const point = new bls.Signature();
  point.deserialize(signature);
  return point;
}

function placeOf({ validator }: Partial): InstanceType<typeof bls.Id> {
  const place = new bls.Id();
  place.setInt(validator + 1);
  return place;
}
