// The trust policy of a settlement log as text (C2SP tlog-policy): the validators' cosigner keys and their quorum.
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import type { ValidatorInfo } from '#schemas/consensus/types.ts';
import type { Cosigner, Policy } from '#schemas/settlement/checkpoint.ts';
import { accept, type Result, refuse } from '#schemas/wire/codes.ts';
import { MAX_COSIGNERS } from '#schemas/wire/limits.ts';
import { logOrigin } from './checkpoint.ts';
import { fromBase64, toBase64 } from './checkpoint-base64.ts';
import { COSIGNATURE_TYPE, cosignerKeyId } from './checkpoint-cosignature.ts';

const GROUP = 'validators';

/** Name of a validator's cosigner key. The network's name leads, so that a policy tells which log it is for. */
export const cosignerName = (network: string, validator: string): string => `${network}/${validator.slice(0, 16)}`;

/** Votes that decide: more than two thirds of those registered, so two quorums share an honest one while f < n/3. */
const quorumOf = (count: number): number => Math.floor((2 * count) / 3) + 1;

/** The policy of a validator set: each validator's cosigner key counts once. A log's policy is that of its newest record's epoch. */
export function policyOf(network: string, validators: readonly Pick<ValidatorInfo, 'id' | 'cosigner'>[]): Policy {
  const cosigners = validators.map(({ id, cosigner }) => ({ name: cosignerName(network, id), key: cosigner }));
  return { origin: logOrigin(network), cosigners, quorum: quorumOf(cosigners.length) };
}

/** Write a policy: one witness line a cosigner, one group of all, the quorum. */
export function formatPolicy({ cosigners, quorum }: Policy): string {
  const witnesses = cosigners.map((cosigner, i) => `witness v${i} ${verifierKey(cosigner)}\n`);
  const members = cosigners.map((_, i) => `v${i}`).join(' ');
  return `${witnesses.join('')}group ${GROUP} ${quorum} ${members}\nquorum ${GROUP}\n`;
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
  const quorum = Number(items.at(-2)?.[2]);
  const policy: Policy = { origin, cosigners, quorum };
  const canonical = formatPolicy(policy).trimEnd().split('\n');
  const isSame = canonical.length === items.length && canonical.every((line, i) => line === items[i]?.join(' '));
  return isSame && isSound(policy) ? accept(policy) : refuse('POLICY_MALFORMED');
}

/** Duplicate keys or a quorum of nobody would let one signer count twice (tlog-policy, Defining a witness). */
function isSound({ origin, cosigners, quorum }: Policy): boolean {
  const keys = new Set(cosigners.map(({ key }) => key));
  const oneNetwork = cosigners.every(({ name }) => name.startsWith(origin.replace(/settlement$/, '')));
  const isCount = Number.isSafeInteger(quorum) && quorum >= 1 && quorum <= cosigners.length;
  return keys.size === cosigners.length && keys.size <= MAX_COSIGNERS && oneNetwork && isCount;
}

/** A verifier key (signed-note): `name+key id+base64(type | key)`. */
function verifierKey(cosigner: Cosigner): string {
  const material = toBase64(concatBytes(Uint8Array.of(COSIGNATURE_TYPE), hexToBytes(cosigner.key)));
  return `${cosigner.name}+${cosignerKeyId(cosigner)}+${material}`;
}

/** A wrong key id or type shows when the policy is written again and compared. */
function parseWitness([, , vkey = '']: readonly string[]): Cosigner | undefined {
  const [, name = '', base64 = ''] = /^([^+\s]+)\+[0-9a-f]{8}\+(\S+)$/.exec(vkey) ?? [];
  const material = fromBase64(base64);
  return material?.length === 33 ? { name, key: bytesToHex(material.subarray(1)) } : undefined;
}
