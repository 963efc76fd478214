// Checks a running network by its certificates alone: headers, balances, beacons. Whatever brings them is believed nothing.
import type { z } from 'zod';
import type { NamedHeader } from '#machines/consensus/certified-header.ts';
import type { Electorate } from '#machines/consensus/electorate.ts';
import { GENESIS_BLOCK, judgeStep, type TrustedBlock } from '#machines/consensus/light.ts';
import type { Crypto } from '#machines/consensus/types.ts';
import { beaconMessage, beaconValue } from '#schemas/consensus/beacon.ts';
import { decodeHeader } from '#schemas/consensus/block-codec.ts';
import { CertifiedHeaderJson, HandoverJson } from '#schemas/consensus/certified-header.ts';
import { CertifiedRowJson } from '#schemas/settlement/proven-row.ts';
import { ROW_CODECS } from '#schemas/settlement/row-codec.ts';
import type { Asset } from '#schemas/settlement/transaction.ts';
import { isProven, readCertifiedHeader } from '../gateway/proven-rows.ts';
import type { ConsoleClient } from '../network/console-client.ts';
import type { Chain } from '../network/genesis-file.ts';
import { genesisElectorate } from '../node/final-blocks.ts';
import { LightError } from './light-error.ts';
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
  readonly #sets: TrustedSets;
  #trusted: TrustedBlock;

  /** @param trusted a block of an earlier run; without it the genesis is what is trusted */
  constructor(chain: Chain, crypto: Crypto, source: Pick<ConsoleClient, 'get'>, trusted = GENESIS_BLOCK) {
    this.#source = source;
    this.#crypto = crypto;
    this.#sets = new TrustedSets(genesisElectorate(chain, crypto), (epoch) =>
      this.#get(`/api/memberships/${epoch}`, HandoverJson),
    );
    this.#trusted = trusted;
  }

  /** The newest block that was checked: nothing older is taken any more, and nothing that contradicts it. */
  get trusted(): TrustedBlock {
    return this.#trusted;
  }

  /** Whether the network's block at the trusted height is the trusted one. @throws LightError LIGHT_FORK */
  async confirm(): Promise<void> {
    if (this.#trusted.height > 0) await this.#at(this.#trusted.height);
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
  async #setBefore({ header }: NamedHeader): Promise<Electorate> {
    const set = await this.#sets.of(header.epoch);
    return set.first_height === header.height && set.epoch > 0 ? this.#sets.of(set.epoch - 1) : set;
  }

  async #at(height: number): Promise<NamedHeader> {
    const at = await this.#step(await this.#get(`/api/headers/${height}`, CertifiedHeaderJson));
    if (at.header.height !== height)
      throw new LightError('LIGHT_ANSWER_INVALID', `height ${at.header.height} instead of ${height}`);
    return at;
  }

  /** The header, checked by the set of its epoch; from now on it is the trusted one. */
  async #step(json: CertifiedHeaderJson): Promise<NamedHeader> {
    const claimed = decodeHeader(Buffer.from(json.header, 'hex'));
    const set = await this.#sets.of(claimed.ok ? claimed.value.epoch : 0);
    const checked = readCertifiedHeader(set, json);
    const trusted = { epoch: set.epoch, validators_hash: set.hash };
    const next = checked.ok ? judgeStep(trusted, this.#trusted, checked.value) : checked;
    if (!next.ok) throw new LightError(next.code, next.detail ?? 'header');
    this.#trusted = { height: next.value.header.height, id: next.value.id };
    return next.value;
  }

  async #get<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    const { data, error } = schema.safeParse(await this.#source.get(path));
    if (data === undefined) throw new LightError('LIGHT_ANSWER_INVALID', path, { cause: error });
    return data;
  }
}
