// A validator's secrets in a key generation: it makes its dealing, opens what was dealt to it, and puts its own shares together.
// Nothing of it is kept: the dealing is drawn from the encryption seed, the shares follow from the ledger's dealings.
import { SecretKey } from '@chainsafe/blst';
import { checkRevealed, combinationOf } from '#machines/beacon/dealing.ts';
import { sharesScale } from '#machines/beacon/lagrange.ts';
import { dealtCount, EPHEMERAL_KEY_BYTES, sealedPart } from '#machines/beacon/layout.ts';
import { type DealingPlan, polynomialsCount, seatsCount, seatsOf, thresholdOf } from '#machines/beacon/plan.ts';
import { Fr, SCALAR_BYTES } from '#machines/beacon/points.ts';
import { LayoutWriter } from '#schemas/consensus/fixed-layout.ts';
import { agreementKey, type EncryptionKey } from '../keys/encryption-key.ts';
import { type SealedPlace, seal, unseal } from './sealed-shares.ts';

/** A generation as one validator sees it. */
export type OwnGeneration = {
  /** Its name, 32 bytes: `generationHash`. */
  readonly generation: Uint8Array;
  readonly plan: DealingPlan;
  readonly key: EncryptionKey;
};

/**
 * The dealing of this validator, the same bytes each time. The polynomials are random but for the constants of a reshare, which are
 * the dealer's own shares.
 *
 * @param dealer own index in the plan's dealers
 * @param shares own secret shares, hex, one a seat; none for a fresh key
 */
export function makeDealing(own: OwnGeneration, dealer: number, shares: readonly string[]): Uint8Array {
  const { plan } = own;
  const polynomials = polynomialsOf(own, dealer, shares);
  const ephemeral = agreementKey(own.key.draw(purpose(own, 'ephemeral', 0), EPHEMERAL_KEY_BYTES));
  const commitments = polynomials.flat().map((coefficient) => secretKey(coefficient).toPublicKey().toBytes(false));
  const sealed = plan.receivers.map(({ encryption_key }, receiver) => {
    const dealt = Buffer.concat(valuesFor(plan, polynomials, receiver));
    return seal(placeOf(own, dealer, receiver), ephemeral, Buffer.from(encryption_key, 'hex'), dealt);
  });
  return Buffer.concat([ephemeral.public, ...commitments, ...sealed]);
}

/** The shares that are revealed when this receiver complains: those that were dealt to it, made again. */
export const sharesFor = (
  own: OwnGeneration,
  dealer: number,
  shares: readonly string[],
  receiver: number,
): readonly Uint8Array[] => valuesFor(own.plan, polynomialsOf(own, dealer, shares), receiver);

/**
 * What a dealing holds for this validator, checked against its commitments; undefined where it cannot be opened or is false, which
 * is a reason to complain.
 *
 * @param receiver own index in the plan's receivers
 */
export function openDealing(
  own: OwnGeneration,
  dealer: number,
  receiver: number,
  dealing: Uint8Array,
): readonly Uint8Array[] | undefined {
  const shares = decryptDealing(own, dealer, receiver, dealing);
  return shares !== undefined && checkRevealed(own.plan, dealer, dealing, receiver, shares) ? shares : undefined;
}

/** The same, unchecked: of dealings that passed their complaints. */
export function decryptDealing(
  own: OwnGeneration,
  dealer: number,
  receiver: number,
  dealing: Uint8Array,
): readonly Uint8Array[] | undefined {
  const ephemeral = dealing.subarray(0, EPHEMERAL_KEY_BYTES);
  const sealed = sealedPart(own.plan, dealer, receiver, dealing);
  const opened = unseal(placeOf(own, dealer, receiver), own.key, ephemeral, sealed);
  return (
    opened &&
    Array.from({ length: dealtCount(own.plan, dealer, receiver) }, (_, i) =>
      opened.subarray(i * SCALAR_BYTES, (i + 1) * SCALAR_BYTES),
    )
  );
}

/**
 * The own secret shares of the new key, hex, one a seat. Undefined where the qualified dealers do not suffice.
 *
 * @param dealt index of each qualified dealer → what it dealt to this receiver, opened or revealed
 */
export function composeShares(
  plan: DealingPlan,
  receiver: number,
  dealt: ReadonlyMap<number, readonly Uint8Array[]>,
): readonly string[] | undefined {
  const combination = combinationOf(plan, dealt.keys());
  if (combination === undefined) return undefined;
  const power = plan.receivers[receiver]?.power ?? 0;
  const times = Fr.div(combination.factor, sharesScale(seatsCount(plan.receivers)));
  return Array.from({ length: power }, (_, i) => {
    const sum = combination.terms.reduce((total, { dealer, polynomial, weight }) => {
      const share = dealt.get(dealer)?.[polynomial * power + i] ?? new Uint8Array(SCALAR_BYTES);
      return Fr.add(total, Fr.mul(Fr.create(weight), Fr.fromBytes(share, true)));
    }, 0n);
    return Buffer.from(scalarBytes(Fr.mul(sum, times))).toString('hex');
  });
}

/** The coefficients of the own polynomials, lowest first. */
function polynomialsOf(own: OwnGeneration, dealer: number, shares: readonly string[]): readonly (readonly bigint[])[] {
  const threshold = thresholdOf(own.plan.receivers);
  return Array.from({ length: polynomialsCount(own.plan, dealer) }, (_, i) => {
    const drawn = Array.from({ length: threshold }, (_, k) => drawScalar(own, i * threshold + k));
    return own.plan.kind === 'fresh' ? drawn : drawn.with(0, BigInt(`0x${shares[i]}`));
  });
}

/** 512 pseudorandom bits modulo the group order: no visible bias (RFC 9380 §5). */
const drawScalar = (own: OwnGeneration, index: number): bigint =>
  Fr.create(BigInt(`0x${Buffer.from(own.key.draw(purpose(own, 'coefficient', index), 64)).toString('hex')}`));

const purpose = ({ generation }: OwnGeneration, what: string, index: number): Uint8Array =>
  Buffer.concat([Buffer.from(what.padEnd(16, '\0')), generation, new LayoutWriter(4).u32(index).bytes]);

const placeOf = ({ generation, plan }: OwnGeneration, dealer: number, receiver: number): SealedPlace => ({
  generation,
  dealer: plan.dealers[dealer]?.id ?? '',
  receiver: plan.receivers[receiver]?.id ?? '',
});

/** Polynomial by polynomial, the values at the seats of a receiver. */
const valuesFor = (
  { receivers }: DealingPlan,
  polynomials: readonly (readonly bigint[])[],
  receiver: number,
): readonly Uint8Array[] =>
  polynomials.flatMap((polynomial) =>
    seatsOf(receivers, receiver).map((seat) => scalarBytes(valueAt(polynomial, seat))),
  );

const valueAt = (polynomial: readonly bigint[], seat: number): bigint =>
  polynomial.reduceRight((sum, coefficient) => Fr.add(Fr.mul(sum, BigInt(seat)), coefficient), 0n);

const scalarBytes = (scalar: bigint): Uint8Array => Fr.toBytes(scalar);
const secretKey = (scalar: bigint): SecretKey => SecretKey.fromBytes(scalarBytes(scalar));
