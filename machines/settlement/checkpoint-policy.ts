// The trust policy of a settlement log as text (C2SP tlog-policy): the validators' cosigner keys and their quorum.
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import type { ValidatorInfo } from '#schemas/consensus/types.ts';
import type { Cosigner, Policy, PolicyMember } from '#schemas/settlement/checkpoint.ts';
import { accept, type Result, refuse } from '#schemas/wire/codes.ts';
import { MAX_COSIGNERS } from '#schemas/wire/limits.ts';
import { quorum as quorumOf } from '../primitives/quorum.ts';
import { logOrigin } from './checkpoint.ts';
import { fromBase64, toBase64 } from './checkpoint-base64.ts';
import { COSIGNATURE_TYPE, cosignerKeyId, powerOf } from './checkpoint-cosignature.ts';

const GROUP = 'validators';

/** Name of a validator's cosigner key. The network's name leads, so that a policy tells which log it is for. */
export const cosignerName = (network: string, validator: string): string => `${network}/${validator.slice(0, 16)}`;

/** A validator as far as it is in a policy. */
export type Cosigning = Pick<ValidatorInfo, 'id' | 'cosigner' | 'power'>;

/** The policy of a validator set: each cosigner key counts its validator's power. A log's policy is that of its newest record's epoch. */
export function policyOf(network: string, validators: readonly Cosigning[]): Policy {
  const cosigners = validators.map(({ id, cosigner, power }) => ({
    name: cosignerName(network, id),
    key: cosigner,
    power,
  }));
  return { origin: logOrigin(network), cosigners, quorum: quorumOf(powerOf(cosigners)) };
}

/**
 * Write a policy: one witness line a cosigner, one group of all, the quorum. tlog-policy counts heads and has no weights, so where
 * powers differ a witness' name, which means nothing outside of the file, ends in its power, and the group asks for as many heads as a
 * quorum of power has at least. Who knows no more than tlog-policy then asks for less than who reads the powers, never for more.
 */
export function formatPolicy({ cosigners, quorum }: Policy): string {
  const names = cosigners.map(({ power }, i) => (power === 1 ? `v${i}` : `v${i}x${power}`));
  const witnesses = cosigners.map((cosigner, i) => `witness ${names[i]} ${verifierKey(cosigner)}\n`);
  const heads = leastHeads(cosigners, quorum);
  return `${witnesses.join('')}group ${GROUP} ${heads} ${names.join(' ')}\nquorum ${GROUP}\n`;
}

/** Fewest cosigners that have this power together. */
function leastHeads(cosigners: Policy['cosigners'], quorum: number): number {
  const heaviest = cosigners.map(({ power }) => power).toSorted((a, b) => b - a);
  let left = quorum;
  const heads = heaviest.findIndex((power) => (left -= power) <= 0);
  return heads < 0 ? quorum : heads + 1;
}

/** Read a policy of this shape; comments, empty lines and free spacing are allowed, other groups and logs are refused. */
export function parsePolicy(text: string): Result<Policy> {
  const lines = text.split('\n').map((line) => line.trim().split(/[ \t]+/));
  const items = lines.filter(([word = '']) => word !== '' && !word.startsWith('#'));
  const cosigners = items
    .slice(0, -2)
    .map(parseWitness)
    .filter((cosigner) => cosigner !== undefined);
  const origin = cosigners[0]?.name.replace(/\/[^/]*$/, '/settlement') ?? '';
  const heads = Number(items.at(-2)?.[2]);
  const isWeighted = cosigners.some(({ power }) => power !== 1);
  const policy: Policy = { origin, cosigners, quorum: isWeighted ? quorumOf(powerOf(cosigners)) : heads };
  const canonical = formatPolicy(policy).trimEnd().split('\n');
  const isSame = canonical.length === items.length && canonical.every((line, i) => line === items[i]?.join(' '));
  return isSame && isSound(policy) ? accept(policy) : refuse('POLICY_MALFORMED');
}

/** Duplicate keys or a quorum of nobody would let one signer count twice (tlog-policy, Defining a witness). */
function isSound({ origin, cosigners, quorum }: Policy): boolean {
  const keys = new Set(cosigners.map(({ key }) => key));
  const oneNetwork = cosigners.every(({ name }) => name.startsWith(origin.replace(/settlement$/, '')));
  const isCount = Number.isSafeInteger(quorum) && quorum >= 1 && quorum <= powerOf(cosigners);
  return keys.size === cosigners.length && keys.size <= MAX_COSIGNERS && oneNetwork && isCount;
}

/** A verifier key (signed-note): `name+key id+base64(type | key)`. */
function verifierKey(cosigner: Cosigner): string {
  const material = toBase64(concatBytes(Uint8Array.of(COSIGNATURE_TYPE), hexToBytes(cosigner.key)));
  return `${cosigner.name}+${cosignerKeyId(cosigner)}+${material}`;
}

/** A wrong key id, type or power shows when the policy is written again and compared. */
function parseWitness([, label = '', vkey = '']: readonly string[]): PolicyMember | undefined {
  const power = Number(/x([1-9]\d{0,2})$/.exec(label)?.[1] ?? 1);
  const [, name = '', base64 = ''] = /^([^+\s]+)\+[0-9a-f]{8}\+(\S+)$/.exec(vkey) ?? [];
  const material = fromBase64(base64);
  return material?.length === 33 ? { name, key: bytesToHex(material.subarray(1)), power } : undefined;
}
