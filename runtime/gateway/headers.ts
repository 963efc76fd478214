// Certified headers of any height, for whoever checks the chain without following it: the last from memory, others from validators.
import { bytesToHex } from '@noble/hashes/utils.js';
import { checkCertifiedHeader } from '#machines/consensus/certified-header.ts';
import { type Electorate, electorateOf } from '#machines/consensus/electorate.ts';
import { decodeHeader } from '#schemas/consensus/block-codec.ts';
import type { CertifiedHeaderJson, HandoverJson } from '#schemas/consensus/certified-header.ts';
import { encodeMembership } from '#schemas/consensus/membership-codec.ts';
import type { FinalBlock } from '#schemas/consensus/types.ts';
import { accept, type Code, type Result, refuse } from '#schemas/wire/codes.ts';
import { MAX_HEADER_REQUESTS } from '#schemas/wire/limits.ts';
import type { Bus } from '../bus/bus.ts';
import { fetchRange } from '../consensus/sync-client.ts';
import type { CertifiedState } from './certified-state.ts';
import type { GatewayReads } from './ports.ts';
import { headerToJson } from './proven-rows.ts';

/** Validators asked for one header, one after another: the answer comes before a client has given up. */
const MAX_ASKED = 4;

export class Headers {
  readonly #reads: GatewayReads;
  readonly #bus: Pick<Bus, 'request'>;
  readonly #crypto: Electorate['crypto'];
  readonly #state: CertifiedState;
  #asked_count = 0;
  #waiting_count = 0;

  constructor(reads: GatewayReads, bus: Pick<Bus, 'request'>, crypto: Electorate['crypto'], state: CertifiedState) {
    this.#reads = reads;
    this.#bus = bus;
    this.#crypto = crypto;
    this.#state = state;
  }

  /**
   * Refusals: HEADER_UNKNOWN above the last height; HOST_BUSY; HEADER_NOT_HELD where who answered holds no block so low;
   * BUS_NO_ANSWER where no validator gave a certified one.
   */
  async at(height: number): Promise<Result<CertifiedHeaderJson>> {
    if (height < 1 || height > this.#reads.ledger.height()) return refuse('HEADER_UNKNOWN', `height ${height}`);
    const { last } = this.#state;
    if (last?.certificate.height === height) return accept(headerToJson(last));
    if (this.#waiting_count >= MAX_HEADER_REQUESTS) return refuse('HOST_BUSY');
    this.#waiting_count++;
    const found = await this.#ask(height).finally(() => this.#waiting_count--);
    return found.ok ? accept(headerToJson(found.value)) : found;
  }

  /** The membership of an epoch, and what the set before it certified of it. Refusals: MEMBERSHIP_UNKNOWN, or as of the header. */
  async handover(epoch: number): Promise<Result<HandoverJson>> {
    const membership = epoch === 0 ? undefined : this.#reads.ledger.membershipOf(epoch);
    if (membership === undefined) return refuse('MEMBERSHIP_UNKNOWN', `epoch ${epoch}`);
    const header = await this.at(membership.first_height - 1);
    return header.ok ? accept({ ...header.value, membership: bytesToHex(encodeMembership(membership)) }) : header;
  }

  /** A gateway keeps no blocks: each time another validator is asked first. */
  async #ask(height: number): Promise<Result<FinalBlock>> {
    const { ledger } = this.#reads;
    const { validators } = ledger.membership(ledger.height() + 1);
    const first = this.#asked_count++ % validators.length;
    const turn = [...validators.slice(first), ...validators.slice(0, first)];
    let code: Code = 'BUS_NO_ANSWER';
    for (const { id } of turn.slice(0, MAX_ASKED)) {
      const answer = await fetchRange(this.#bus, id, { first_height: height, last_height: height });
      if (!answer?.ok || answer.value.type !== 'range') continue;
      const [final] = answer.value.blocks;
      if (final?.certificate.height === height && this.#isCertified(final)) return accept(final);
      if (final === undefined) code = 'HEADER_NOT_HELD';
    }
    return refuse(code, `height ${height}`);
  }

  #isCertified({ block, certificate }: FinalBlock): boolean {
    const header = decodeHeader(block.header);
    const membership = header.ok ? this.#reads.ledger.membershipOf(header.value.epoch) : undefined;
    if (membership === undefined) return false;
    const electorate = electorateOf(this.#reads.chain.id, membership, this.#crypto);
    return checkCertifiedHeader(electorate, block.header, certificate).ok;
  }
}
