// A network in small for archive tests: four validators with cosigner keys, and a ledger's closed settlements.
import { createHash } from 'node:crypto';
import { type Electorate, electorateOf } from '#machines/consensus/electorate.ts';
import { formatNote } from '#machines/settlement/checkpoint.ts';
import { cosignatureLine, cosignatureMessage } from '#machines/settlement/checkpoint-cosignature.ts';
import { policyOf } from '#machines/settlement/checkpoint-policy.ts';
import { encodeRecord } from '#machines/settlement/record-encoding.ts';
import { recordOf } from '#machines/settlement/record-rules.ts';
import { applySettlement, type SettledBalances, settledRoot } from '#machines/settlement/settled-balances.ts';
import { type ArchiveBlock, blockOf, sha256 } from '#runtime/archive/cid.ts';
import { type Signer, signer, verify } from '#runtime/keys/ed25519.ts';
import { encodeHeader } from '#schemas/consensus/block-codec.ts';
import type { Handover } from '#schemas/consensus/handover-codec.ts';
import { encodeMembership } from '#schemas/consensus/membership-codec.ts';
import type { Membership } from '#schemas/consensus/types.ts';
import { voteSignBytes } from '#schemas/consensus/vote-codec.ts';
import type { CosignRequest } from '#schemas/settlement/cosign.ts';
import type { SettlementEntry, SettlementRow } from '#schemas/settlement/state.ts';
import { emptyHeader } from '../support/empty-header.ts';

export const NETWORK = 'test-net';
/** 2023-11-14T22:13:20Z: any fixed time will do. */
export const NOW_MS = 1_700_000_000_000;

const seed = (name: string): Buffer => createHash('sha256').update(name).digest();
const numbers = [0, 1, 2, 3];
export const messageKeys: readonly Signer[] = numbers.map((i) => signer(seed(`validator ${i}`)));
export const cosignerKeys: readonly Signer[] = numbers.map((i) => signer(seed(`cosigner ${i}`)));
export const strangerKey: Signer = signer(seed('stranger'));

const VALIDATORS = messageKeys.map(({ id }, i) => ({ id, cosigner: at(cosignerKeys, i).id, power: 1 }));
/** The people are the same in every epoch. */
export const validatorsOf = (_epoch = 0) => VALIDATORS;

const CHAIN = seed('chain').toString('hex');
const CRYPTO = { sha256, verify };
/** Epochs of ten heights each. */
const MEMBERSHIPS = [0, 1, 2, 3, 4].map(
  (epoch): Membership => ({
    epoch,
    first_height: epoch * 10 + 1,
    proposer_seed: CHAIN,
    beacon_key: null,
    validators: VALIDATORS.map((each) => ({
      ...each,
      operator: CHAIN,
      beacon_shares: [],
      encryption_key: CHAIN,
    })),
  }),
);
const setOf = (epoch: number): Electorate => electorateOf(CHAIN, at(MEMBERSHIPS, epoch), CRYPTO);
/** What whoever has the genesis file trusts. */
export const ANCHOR = { network: NETWORK, set: setOf(0) };

/** How each set took over, up to that of this epoch: signed by three of the one before. */
export const handoversTo = async (epoch: number): Promise<readonly Handover[]> =>
  MEMBERSHIPS.slice(1, epoch + 1).map((next) => {
    const height = next.first_height - 1;
    const epoch = next.epoch - 1;
    const header = encodeHeader(
      emptyHeader(CHAIN, {
        epoch,
        height,
        time_ms: height,
        validators_hash: setOf(epoch).hash,
        next_validators_hash: setOf(next.epoch).hash,
      }),
    );
    const value = Buffer.from(sha256(header)).toString('hex');
    const votes = [0, 1, 2].map((validator) => {
      const vote = { type: 'precommit', epoch, height, round: 0, value, valid_round: -1, validator } as const;
      return { ...vote, signature: at(messageKeys, validator).sign(voteSignBytes(CHAIN, vote)) };
    });
    const certificate = { type: 'commit', height, round: 0, value, votes } as const;
    return { header, certificate, membership: encodeMembership(next) };
  });
export const POLICY = policyOf(NETWORK, VALIDATORS);

/** One settlement each: a job's escrow pays a worker and two auditors; the third also burns stake of a liar. */
export const PAYMENTS: readonly (readonly SettlementEntry[])[] = [
  [entry('credit', 'escrow:j1', -100n), entry('credit', 'worker-a', 80n), entry('credit', 'worker-b', 20n)],
  [entry('credit', 'escrow:j2', -7n), entry('credit', 'worker-b', 7n)],
  [
    entry('credit', 'escrow:j3', -(2n ** 60n)),
    entry('credit', 'worker-a', 2n ** 60n),
    entry('stake', 'burned', 5n),
    entry('stake', 'liar', -5n),
  ],
];

export function entry(a: SettlementEntry['a'], k: string, d: bigint): SettlementEntry {
  return { a, k, d };
}

/** The ledger's rows for these payments, with the state roots that they lead to. */
export function rowsOf(payments: readonly (readonly SettlementEntry[])[]): readonly SettlementRow[] {
  let balances: SettledBalances = new Map();
  return payments.map((entries, seq) => {
    balances = applySettlement(balances, entries);
    return {
      seq,
      epoch: seq + 1,
      first_height: seq * 10 + 1,
      last_height: seq * 10 + 10,
      entries,
      state_root: new Uint8Array(settledRoot(balances, sha256)),
      jobs: [],
      cid: '',
    };
  });
}

/** A ledger that knows these settlements. */
export const ledgerOf = (rows: readonly SettlementRow[]) => async (seq: number) => rows[seq];

/** The records' blocks in order. */
export function recordBlocks(rows: readonly SettlementRow[]): readonly ArchiveBlock[] {
  const blocks: ArchiveBlock[] = [];
  for (const row of rows)
    blocks.push(blockOf('dag-cbor', encodeRecord(recordOf(row, NETWORK, blocks.at(-1)?.cid.toString() ?? null))));
  return blocks;
}

/** A note over `text` signed by these cosigners (indices into the policy), in this order. */
export function noteBy(text: string, signers: readonly number[], time_s = 1_700_000_000): string {
  return formatNote({
    text,
    signatures: signers.map((i) =>
      cosignatureLine(at(POLICY.cosigners, i), {
        time_s,
        signature: at(cosignerKeys, i).sign(cosignatureMessage(time_s, text)),
      }),
    ),
  });
}

/** Their cosignatures as the archiver collects them. */
export const collectedBy = ({ checkpoint }: CosignRequest, signers: readonly number[], time_s = 1_700_000_000) =>
  signers.map((i) => ({
    validator: at(messageKeys, i).id,
    time_s,
    signature: new Uint8Array(at(cosignerKeys, i).sign(cosignatureMessage(time_s, checkpoint))),
  }));

/** The element that must be there. */
export function at<T>(list: readonly T[], index: number): T {
  const value = list[index];
  if (value === undefined) throw new RangeError(`nothing at ${index}`);
  return value;
}
