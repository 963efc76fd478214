// Checks a running network by its certificates alone: headers, balances, beacons. Whatever brings them is believed nothing.
import { hexToBytes } from '@noble/hashes/utils.js';
import type { z } from 'zod';
import { checkConflict, conflictOf } from '#machines/consensus/accountability.ts';
import { checkCertifiedHeader, type NamedHeader } from '#machines/consensus/certified-header.ts';
import type { Electorate } from '#machines/consensus/electorate.ts';
import { type CertifiedAnchor, GENESIS_BLOCK, judgeStep, type TrustedBlock } from '#machines/consensus/light.ts';
import type { Crypto } from '#machines/consensus/types.ts';
import { beaconMessage, beaconValue } from '#schemas/consensus/beacon.ts';
import { decodeHeader } from '#schemas/consensus/block-codec.ts';
import { decodeCertificate } from '#schemas/consensus/certificate-codec.ts';
import { CertifiedHeaderJson } from '#schemas/consensus/certified-header.ts';
import type { Handover } from '#schemas/consensus/handover-codec.ts';
import { CertifiedRowJson } from '#schemas/settlement/proven-row.ts';
import { ROW_CODECS } from '#schemas/settlement/row-codec.ts';
import type { Asset } from '#schemas/settlement/transaction.ts';
import { accept, type Code, type Result } from '#schemas/wire/codes.ts';
import { isProven } from '../gateway/proven-rows.ts';
import type { ConsoleClient } from '../network/console-client.ts';
import type { Chain } from '../network/genesis-file.ts';
import { genesisElectorate } from '../node/final-blocks.ts';
import { askGateway, askHandover } from './gateway-answers.ts';
import { ForkError, LightError } from './light-error.ts';
import { TrustedSets } from './trusted-sets.ts';

export type AccountKey = { readonly asset: Asset; readonly account: string };
/** As of the last checkpoint of the state before `at`. */
export type ProvenBalance = AccountKey & { readonly amount_units: bigint; readonly at: NamedHeader };
/** The beacon of a height: `value` is SHA-256 of the signature by the group's key (hex), which the header after it carries. */
export type ProvenBeacon = {
  readonly value: Uint8Array;
  readonly signature: Uint8Array;
  readonly group_key: string;
  readonly at: NamedHeader;
};

export class LightClient {
  readonly #source: Pick<ConsoleClient, 'get'>;
  readonly #crypto: Crypto;
  readonly #genesis: Electorate;
  readonly #sets: TrustedSets;
  #last: CertifiedAnchor | undefined;

  /** @param from a block of an earlier run; without it the genesis is what is trusted */
  constructor(chain: Chain, crypto: Crypto, source: Pick<ConsoleClient, 'get'>, from?: CertifiedAnchor) {
    this.#source = source;
    this.#crypto = crypto;
    this.#genesis = genesisElectorate(chain, crypto);
    this.#sets = this.#followed(from?.set ?? this.#genesis);
    this.#last = from;
  }

  /** The newest block that was checked: nothing older is taken any more, and nothing that contradicts it. */
  get trusted(): TrustedBlock {
    return this.#last?.block ?? GENESIS_BLOCK;
  }

  /** The same with what proves it; none before the first. */
  get checkpoint(): CertifiedAnchor | undefined {
    return this.#last;
  }

  /** Whether the network's block at the trusted height is the trusted one. @throws LightError LIGHT_FORK */
  async confirm(): Promise<void> {
    if (this.trusted.height > 0) await this.#at(this.trusted.height);
  }

  /** Go on to the last block. @throws LightError */
  async follow(): Promise<NamedHeader> {
    return this.#step(await this.#get('/api/headers/latest', CertifiedHeaderJson));
  }

  /** What an account holds; no row is a proven 0. @throws LightError; NetworkError ROW_PROOF_PENDING */
  async balance({ asset, account }: AccountKey): Promise<ProvenBalance> {
    const { row, ...header } = await this.#get(`/api/proofs/accounts/${asset}/${account}`, CertifiedRowJson);
    const at = await this.#step(header);
    const key = `accounts/${asset}/${account}`;
    if (row.key !== key) throw new LightError('LIGHT_ANSWER_INVALID', `row ${row.key} instead of ${key}`);
    if (!isProven(at.header.state_root, row, this.#crypto)) throw new LightError('LIGHT_ROW_INVALID', key);
    const amount_units =
      row.value === null ? 0n : ROW_CODECS.accounts.decode(Buffer.from(row.value, 'hex')).amount_units;
    return { asset, account, amount_units, at };
  }

  /** The beacon of a height, out of the header after it. @throws LightError BEACON_INVALID, …; NetworkError HEADER_UNKNOWN */
  async beacon(height: number): Promise<ProvenBeacon> {
    const at = await this.#at(height + 1);
    const signature = at.header.beacon;
    const { chain, epoch, beacon_key } = await this.#setBefore(at);
    const isBeacon =
      beacon_key !== null && this.#crypto.verifyBeacon(beacon_key, beaconMessage(chain, epoch, height), signature);
    if (!isBeacon) throw new LightError('BEACON_INVALID', `height ${height}`);
    return { value: beaconValue(signature), signature, group_key: beacon_key, at };
  }

  /** Whose beacon a header carries: the set of the height before it. */
  #setBefore({ header }: NamedHeader): Promise<Electorate> {
    return this.#sets.at(header.height - 1, header.epoch);
  }

  async #at(height: number): Promise<NamedHeader> {
    const at = await this.#step(await this.#get(`/api/headers/${height}`, CertifiedHeaderJson));
    if (at.header.height !== height)
      throw new LightError('LIGHT_ANSWER_INVALID', `height ${at.header.height} instead of ${height}`);
    return at;
  }

  /** The header, checked by the set of its epoch; from now on it is the trusted one. */
  async #step(json: CertifiedHeaderJson): Promise<NamedHeader> {
    const claimed = decodeHeader(hexToBytes(json.header));
    const set = await this.#sets.of(claimed.ok ? claimed.value.epoch : this.#genesis.epoch);
    const read = readCertified(set, json);
    if (!read.ok) throw new LightError(read.code, read.detail ?? 'header');
    const { named, anchor } = read.value;
    const next = judgeStep({ epoch: set.epoch, validators_hash: set.hash }, this.trusted, named);
    if (!next.ok) throw await this.#refusal(anchor, next.code, next.detail ?? 'header');
    this.#last = anchor;
    return named;
  }

  /** Where two commits of one height are at hand, they come with it. */
  async #refusal(anchor: CertifiedAnchor, code: Code, detail: string): Promise<LightError> {
    const last = this.#last;
    if (code !== 'LIGHT_FORK' || last === undefined) return new LightError(code, detail);
    const rival = anchor.block.height === last.block.height ? anchor : await this.#rivalOf(last);
    const conflict = rival && conflictOf(last.commit, rival.commit, []);
    if (conflict === undefined || !checkConflict(last.set, conflict).ok) return new LightError(code, detail);
    const { chain, epoch } = last.set;
    return new ForkError(detail, { chain, conflict, handovers: await this.#handoversTo(epoch) });
  }

  /** What the gateway has in the place of the last block, which the next one does not link to. */
  async #rivalOf({ set, block }: CertifiedAnchor): Promise<CertifiedAnchor | undefined> {
    const json = await this.#get(`/api/headers/${block.height}`, CertifiedHeaderJson).catch(() => undefined);
    const read = json && readCertified(set, json);
    return read?.ok ? read.value.anchor : undefined;
  }

  /** From the genesis on, so that whoever reads the evidence needs no checkpoint; fewer where the gateway has no more. */
  async #handoversTo(epoch: number): Promise<readonly Handover[]> {
    const sets = this.#followed(this.#genesis);
    const isWhole = await sets.of(epoch).then(
      () => true,
      () => false,
    );
    return isWhole ? sets.handovers : this.#sets.handovers;
  }

  #followed(anchor: Electorate): TrustedSets {
    return new TrustedSets(anchor, (epoch) => askHandover(this.#source, epoch));
  }

  #get<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    return askGateway(this.#source, path, schema);
  }
}

type Read = { readonly named: NamedHeader; readonly anchor: CertifiedAnchor };

/** A header to which a quorum of the set committed, as something to go on from. */
function readCertified(set: Electorate, json: CertifiedHeaderJson): Result<Read> {
  const commit = decodeCertificate(hexToBytes(json.certificate));
  if (!commit.ok) return commit;
  const header = hexToBytes(json.header);
  const named = checkCertifiedHeader(set, header, commit.value);
  if (!named.ok) return named;
  const block = { height: named.value.header.height, id: named.value.id };
  return accept({ named: named.value, anchor: { set, block, header, commit: commit.value } });
}
