// The file in which `sortition light` keeps the last block that it checked: the next run trusts it, and so does a node that is given it.
import { readFile, rename, writeFile } from 'node:fs/promises';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { checkCertifiedHeader } from '#machines/consensus/certified-header.ts';
import { type Electorate, electorateOf } from '#machines/consensus/electorate.ts';
import type { CertifiedAnchor } from '#machines/consensus/light.ts';
import { decodeCertificate, encodeCertificate } from '#schemas/consensus/certificate-codec.ts';
import { LightCheckpoint } from '#schemas/consensus/certified-header.ts';
import { decodeMembership, encodeMembership } from '#schemas/consensus/membership-codec.ts';
import { LightError } from './light-error.ts';

/** As `parseCheckpoint`, of a file. */
export async function readCheckpoint(
  path: string,
  chain: string,
  crypto: Electorate['crypto'],
): Promise<CertifiedAnchor> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new LightError('LIGHT_CHECKPOINT_UNREADABLE', path, { cause });
  });
  return parseCheckpoint(text, path, chain, crypto);
}

/**
 * The block with the set that decided it: both follow from the file, whose block id is what its reader trusts.
 *
 * @param name what to call the file in an error
 * @throws LightError LIGHT_CHECKPOINT_UNREADABLE | LIGHT_CHECKPOINT_FOREIGN where it is not of this chain
 */
export function parseCheckpoint(
  text: string,
  name: string,
  chain: string,
  crypto: Electorate['crypto'],
): CertifiedAnchor {
  const found = parsed(text, name);
  if (found.chain !== chain) throw new LightError('LIGHT_CHECKPOINT_FOREIGN', `${name} is of chain ${found.chain}`);
  const anchor = anchorOf(found, crypto);
  if (anchor === undefined) throw new LightError('LIGHT_CHECKPOINT_UNREADABLE', `${name}: its parts do not fit`);
  return anchor;
}

function parsed(text: string, name: string): LightCheckpoint {
  try {
    return LightCheckpoint.parse(JSON.parse(text));
  } catch (cause) {
    throw new LightError('LIGHT_CHECKPOINT_UNREADABLE', name, { cause });
  }
}

/** Undefined where header, certificate and membership are not those of the block. */
function anchorOf(found: LightCheckpoint, crypto: Electorate['crypto']): CertifiedAnchor | undefined {
  const membership = decodeMembership(hexToBytes(found.membership));
  const certificate = decodeCertificate(hexToBytes(found.certificate));
  if (!membership.ok || !certificate.ok) return undefined;
  const set = electorateOf(found.chain, membership.value, crypto);
  const header = hexToBytes(found.header);
  const named = checkCertifiedHeader(set, header, certificate.value);
  if (!named.ok || named.value.header.validators_hash !== set.hash) return undefined;
  const block = { height: named.value.header.height, id: named.value.id };
  if (block.height !== found.height || block.id !== found.block) return undefined;
  return { set, block, header, commit: certificate.value };
}

/** Replaces the file as a whole. */
export async function writeCheckpoint(path: string, { set, block, header, commit }: CertifiedAnchor): Promise<void> {
  const checkpoint: LightCheckpoint = {
    v: 1,
    chain: set.chain,
    height: block.height,
    block: block.id,
    header: bytesToHex(header),
    certificate: bytesToHex(encodeCertificate(commit)),
    membership: bytesToHex(encodeMembership(set)),
  };
  await writeFile(`${path}.new`, `${JSON.stringify(checkpoint, null, 2)}\n`);
  await rename(`${path}.new`, path);
}
