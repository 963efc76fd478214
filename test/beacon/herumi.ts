// A third BLS library, written by other people in C++ (herumi/mcl): what blst and noble say, it says too, or a test fails.
import bls from 'bls-eth-wasm';

await bls.init(bls.BLS12_381);

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
const hexOf = (it: { serialize(): Uint8Array }): string => Buffer.from(it.serialize()).toString('hex');

function secretOf(hex: string) {
  const secret = new bls.SecretKey();
  secret.deserialize(bytesOf(hex));
  return secret;
}
function publicOf(bytes: Uint8Array) {
  const key = new bls.PublicKey();
  if (bytes.length === 96) key.deserializeUncompressed(bytes);
  else key.deserialize(bytes);
  return key;
}
function signatureOf(bytes: Uint8Array) {
  const signature = new bls.Signature();
  signature.deserialize(bytes);
  return signature;
}
function idOf(seat: number) {
  const id = new bls.Id();
  id.setInt(seat);
  return id;
}
/** The library multiplies public keys alone. */
function timesKey(key: Uint8Array, scalar: bigint): Uint8Array {
  const point = publicOf(key);
  point.mul(secretOf(scalar.toString(16).padStart(64, '0')));
  return point.serialize();
}
/** Double and add. @param scalar at least 1 */
function timesSignature(point: InstanceType<typeof bls.Signature>, scalar: bigint) {
  const sum = point.clone();
  for (const bit of scalar.toString(2).slice(1)) {
    sum.add(sum.clone());
    if (bit === '1') sum.add(point);
  }
  return sum;
}

export const herumi = {
  publicKey: (secret: string): string => hexOf(secretOf(secret).getPublicKey()),
  sign: (secret: string, message: Uint8Array): string => hexOf(secretOf(secret).sign(message)),

  /** False also for what is no point of the group. */
  verify: (key: string, message: Uint8Array, signature: Uint8Array): boolean => {
    try {
      const [point, signed] = [publicOf(bytesOf(key)), signatureOf(signature)];
      return point.isValidOrder() && signed.isValidOrder() && point.verify(signed, message);
    } catch {
      return false;
    }
  },

  /** Lagrange at 0 over signatures of these seats, times `scale`. */
  recover(partials: readonly { readonly seat: number; readonly signature: Uint8Array }[], scale: bigint): string {
    const whole = new bls.Signature();
    whole.recover(
      partials.map(({ signature }) => signatureOf(signature)),
      partials.map(({ seat }) => idOf(seat)),
    );
    return hexOf(timesSignature(whole, scale));
  },

  /** Lagrange at 0 over public keys of these seats, times `scale`. */
  recoverKey(keys: readonly { readonly seat: number; readonly bytes: Uint8Array }[], scale: bigint): Uint8Array {
    const whole = new bls.PublicKey();
    whole.recover(
      keys.map(({ bytes }) => publicOf(bytes)),
      keys.map(({ seat }) => idOf(seat)),
    );
    return timesKey(whole.serialize(), scale);
  },

  add(keys: readonly Uint8Array[]): Uint8Array {
    const sum = publicOf(keys[0] ?? new Uint8Array(0));
    for (const key of keys.slice(1)) sum.add(publicOf(key));
    return sum.serialize();
  },

  /** The value at `seat` of the polynomial with these coefficients, times `scale`. */
  valueAt(coefficients: readonly Uint8Array[], seat: number, scale: bigint): string {
    const value = new bls.PublicKey();
    value.share(
      coefficients.map((point) => publicOf(point)),
      idOf(seat),
    );
    return Buffer.from(timesKey(value.serialize(), scale)).toString('hex');
  },
};
