// Certified headers of any height, for whoever checks the chain without following it: the last from memory, others from validators.

import { checkCertifiedHeader } from '#machines/consensus/certified-header.ts';
import type { Electorate } from '#machines/consensus/electorate.ts';
import type { CertifiedHeaderJson } from '#schemas/consensus/certified-header.ts';
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
  readonly #electorate: Electorate;
  readonly #state: CertifiedState;
  #asked_count = 0;
  #waiting_count = 0;

  constructor(reads: GatewayReads, bus: Pick<Bus, 'request'>, electorate: Electorate, state: CertifiedState) {
    this.#reads = reads;
    this.#bus = bus;
    this.#electorate = electorate;
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

  #isCertified = ({ block, certificate }: FinalBlock): boolean =>
    checkCertifiedHeader(this.#electorate, block.header, certificate).ok;
}
