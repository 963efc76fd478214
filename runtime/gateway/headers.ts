// Certified headers of any height, for whoever checks the chain without following it: the last from memory, others from validators.
import { bytesToHex } from '@noble/hashes/utils.js';
import { checkCertifiedHeader } from '#machines/consensus/certified-header.ts';
import { type Electorate, electorateOf } from '#machines/consensus/electorate.ts';
import { SetChain } from '#machines/consensus/set-chain.ts';
import { decodeHeader } from '#schemas/consensus/block-codec.ts';
import type { CertifiedHeaderJson, HandoverJson } from '#schemas/consensus/certified-header.ts';
import type { Handover } from '#schemas/consensus/handover-codec.ts';
import { encodeMembership } from '#schemas/consensus/membership-codec.ts';
import type { FinalBlock } from '#schemas/consensus/types.ts';
import { accept, type Code, type Result, refuse } from '#schemas/wire/codes.ts';
import { MAX_HEADER_REQUESTS } from '#schemas/wire/limits.ts';
import type { Bus } from '../bus/bus.ts';
import { fetchAnswer, fetchRange } from '../consensus/sync-client.ts';
import type { CertifiedState } from './certified-state.ts';
import type { GatewayReads } from './ports.ts';
import { handoverToJson, headerToJson } from './proven-rows.ts';

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
    const found = await this.#inTurn((id) => this.#blockOf(id, height), `height ${height}`);
    return found.ok ? accept(headerToJson(found.value)) : found;
  }

  /** The membership of an epoch, and what the set before it certified of it. Refusals: MEMBERSHIP_UNKNOWN, or as of the header. */
  async handover(epoch: number): Promise<Result<HandoverJson>> {
    const [before, set] = [this.#electorate(epoch - 1), this.#electorate(epoch)];
    if (before === undefined || set === undefined) return refuse('MEMBERSHIP_UNKNOWN', `epoch ${epoch}`);
    const header = await this.at(set.first_height - 1);
    if (header.ok) return accept({ ...header.value, membership: bytesToHex(encodeMembership(set)) });
    if (header.code !== 'HEADER_NOT_HELD') return header;
    // Who took up the ledger above that height was shown how it came there, and kept it.
    const found = await this.#inTurn((id) => this.#handoverOf(id, before), `epoch ${epoch}`);
    return found.ok ? accept(handoverToJson(found.value)) : found;
  }

  /** A gateway keeps no blocks: each time another validator is asked first. */
  async #inTurn<T extends object>(ask: (id: string) => Promise<T | Code>, detail: string): Promise<Result<T>> {
    if (this.#waiting_count >= MAX_HEADER_REQUESTS) return refuse('HOST_BUSY');
    this.#waiting_count++;
    try {
      const { ledger } = this.#reads;
      const { validators } = ledger.membership(ledger.height() + 1);
      const first = this.#asked_count++ % validators.length;
      const turn = [...validators.slice(first), ...validators.slice(0, first)];
      let code: Code = 'BUS_NO_ANSWER';
      for (const { id } of turn.slice(0, MAX_ASKED)) {
        const found = await ask(id);
        if (typeof found !== 'string') return accept(found);
        if (found === 'HEADER_NOT_HELD') code = found;
      }
      return refuse(code, detail);
    } finally {
      this.#waiting_count--;
    }
  }

  async #blockOf(id: string, height: number): Promise<FinalBlock | Code> {
    const answer = await fetchRange(this.#bus, id, { first_height: height, last_height: height });
    if (!answer?.ok || answer.value.type !== 'range') return 'BUS_NO_ANSWER';
    const [final] = answer.value.blocks;
    if (final === undefined) return 'HEADER_NOT_HELD';
    return final.certificate.height === height && this.#isCertified(final) ? final : 'BUS_NO_ANSWER';
  }

  async #handoverOf(id: string, before: Electorate): Promise<Handover | Code> {
    const answer = await fetchAnswer(this.#bus, id, { type: 'handover.request', epoch: before.epoch + 1 });
    const handover = answer?.type === 'handover' ? answer.handover : undefined;
    return handover !== undefined && new SetChain(before).take(handover).ok ? handover : 'HEADER_NOT_HELD';
  }

  #electorate(epoch: number): Electorate | undefined {
    const membership = this.#reads.ledger.membershipOf(epoch);
    return membership && electorateOf(this.#reads.chain.id, membership, this.#crypto);
  }

  #isCertified({ block, certificate }: FinalBlock): boolean {
    const header = decodeHeader(block.header);
    const electorate = header.ok ? this.#electorate(header.value.epoch) : undefined;
    return electorate !== undefined && checkCertifiedHeader(electorate, block.header, certificate).ok;
  }
}
