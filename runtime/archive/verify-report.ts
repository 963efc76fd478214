// What the verifier says: the same facts as lines for people and as JSON for programs.
import { powerOf } from '#machines/settlement/checkpoint-cosignature.ts';
import { sumsByAsset } from '#machines/settlement/record-rules.ts';
import { CODES, type Result } from '#schemas/wire/codes.ts';
import type { VerifyReport } from './verify.ts';
import { verifyExitCode } from './verify-exit.ts';

/** One JSON object; amounts are decimal strings, since they may pass 2^53. */
export function reportJson(outcome: Result<VerifyReport>): string {
  if (!outcome.ok) {
    const { code, detail } = outcome;
    return JSON.stringify({ verified: false, exit: verifyExitCode(outcome), code, reason: CODES[code], detail });
  }
  const { network, checkpoint, policy_digest, policy_from, quorum, policy_size, cosigners, records, cids } =
    outcome.value;
  return JSON.stringify({
    verified: true,
    exit: 0,
    network,
    origin: checkpoint.origin,
    size: checkpoint.size,
    root: hex(checkpoint.root),
    policy: {
      digest: policy_digest,
      is_pinned: policy_from !== 'bundle',
      from: policy_from,
      quorum,
      cosigners: policy_size,
    },
    cosigned_by: cosigners.map(({ name, key, time_s }) => ({ name, key, time: isoTime(time_s) })),
    settlements: records.map(({ seq, epoch, entries, stateRoot }, i) => ({
      seq,
      epoch,
      cid: cids[i],
      state_root: hex(stateRoot),
      sums: Object.fromEntries(Array.from(sumsByAsset(entries), ([asset, sum]) => [asset, sum.toString()])),
      entries: entries.map(({ a, k, d }) => ({ asset: a, account: k, difference: d.toString() })),
    })),
    archive: 'embedded',
    anchor: 'none',
  });
}

const POLICY_FROM = {
  user: 'the one you gave',
  sets: 'of the validators to whom those that you trust handed the chain over',
  bundle: 'from the bundle itself: NOT PINNED, compare it',
} as const;

/** Lines for a terminal: the verdict, what it rests on, who was paid. */
export function reportLines(outcome: Result<VerifyReport>): readonly string[] {
  if (!outcome.ok) {
    const detail = outcome.detail === undefined ? '' : ` (${outcome.detail})`;
    return [`NOT VERIFIED  ${outcome.code}: ${CODES[outcome.code]}${detail}`];
  }
  const { checkpoint, policy_digest, policy_from, quorum, policy_size, cosigners, records, cids } = outcome.value;
  const settlements = records.map(settlementLines);
  return [
    `VERIFIED  ${records.length} settlement${records.length === 1 ? '' : 's'} of ${checkpoint.origin}`,
    '',
    `log size     ${checkpoint.size}`,
    `log root     ${hex(checkpoint.root)}`,
    `newest CID   ${cids.at(-1) ?? ''}`,
    '',
    'what this trusts',
    `  policy     ${policy_digest}  (${POLICY_FROM[policy_from]})`,
    `  quorum     ${cosigners.length} of ${policy_size} cosigners signed: power ${powerOf(cosigners)}, ${quorum} needed`,
    ...cosigners.map(({ name, key, time_s }) => `  signed     ${isoTime(time_s)}  ${name}  ${key}`),
    '  archive    embedded (not pinned to public IPFS)    anchor  none',
    ...settlements.flat(),
  ];
}

function settlementLines({ seq, epoch, entries, stateRoot }: VerifyReport['records'][number]): readonly string[] {
  const sums = Array.from(sumsByAsset(entries), ([asset, sum]) => `${asset} ${sum}`);
  const width = Math.max(0, ...entries.map(({ d }) => signed(d).length));
  return [
    '',
    `settlement ${seq}, epoch ${epoch}: sum ${sums.join(', ') || '0'}; state root ${hex(stateRoot)}`,
    ...entries.map(({ a, k, d }) => `  ${a.padEnd(6)}  ${signed(d).padStart(width)}  ${k}`),
  ];
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const signed = (amount: bigint): string => (amount > 0n ? `+${amount}` : amount.toString());

/** RFC 3339 to the second; a time beyond what a date can hold is shown as the number. */
function isoTime(time_s: number): string {
  const date = new Date(time_s * 1000);
  return Number.isNaN(date.getTime()) ? `${time_s} s` : date.toISOString().replace('.000Z', 'Z');
}
