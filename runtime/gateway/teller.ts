// Tells clients of their jobs: after each block one signed message to each account whose jobs or transactions moved.
import type { Ledger } from '#machines/settlement/ledger.ts';
import { indexOf, jobOf } from '#machines/work/units.ts';
import { TOLD_KIND, type ToldJob, type ToldV1 } from '#schemas/node/told.ts';
import type { LedgerEvent } from '#schemas/settlement/state.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { MAX_ITEM_BODY_BYTES, MAX_KEPT_TOLD_HEIGHTS, MAX_OPEN_JOBS, MAX_TOLD_ACCOUNTS } from '#schemas/wire/limits.ts';
import { encode } from '#schemas/wire/msgpack.ts';
import { subject } from '#schemas/wire/subjects.ts';
import type { Bus } from '../bus/bus.ts';
import { seal } from '../host/envelopes.ts';
import type { Clock } from '../host/ports.ts';
import type { Signer } from '../keys/ed25519.ts';
import { BoundedMap } from './bounded-map.ts';
import type { SeenBlock } from './ports.ts';
import { nativeTxId } from './transaction-log.ts';

export type TellerOptions = {
  /** Chain id, hex. */
  readonly chain: string;
  readonly ledger: Pick<Ledger, 'job' | 'node'>;
  readonly signer: Signer;
  readonly bus: Pick<Bus, 'cast'>;
  readonly clock: Pick<Clock, 'now_ms'>;
  /** An account is not told of a block: too many accounts, or too much of one. */
  readonly onRefused: (code: Code) => void;
};

/** What one block did to one account. */
type News = Pick<ToldV1, 'jobs' | 'txs'>;

/**
 * Lossy: nothing is kept or repeated, and who does not listen misses it for good. Each message names the height of the one
 * before, so that an account notices, and asks the API.
 */
export class Teller {
  readonly #o: TellerOptions;
  /** Height of the last news of each account, told or not. */
  readonly #latest = new BoundedMap<number>(MAX_KEPT_TOLD_HEIGHTS);

  constructor(options: TellerOptions) {
    this.#o = options;
  }

  hear(seen: SeenBlock): void {
    const { height, time_ms } = seen.header;
    const news = [...this.#newsOf(seen)];
    // Where there are too many, others are left out at each height.
    const first = news.length > MAX_TOLD_ACCOUNTS ? (height * MAX_TOLD_ACCOUNTS) % news.length : 0;
    for (const [i, [account, { jobs, txs }]] of [...news.slice(first), ...news.slice(0, first)].entries()) {
      const after_height = this.#latest.get(account) ?? 0;
      this.#latest.set(account, height);
      if (i < MAX_TOLD_ACCOUNTS) this.#tell(account, { height, time_ms, after_height, jobs, txs });
      else this.#o.onRefused('TOLD_LIMIT');
    }
  }

  #tell(account: string, told: ToldV1): void {
    const { chain, signer, bus, clock, onRefused } = this.#o;
    const body = encode(told);
    if (told.jobs.length > MAX_OPEN_JOBS || body.length > MAX_ITEM_BODY_BYTES) return onRefused('TOLD_LIMIT');
    const item = { kind: TOLD_KIND, to: account, counter: 0, body };
    const message = seal({ chain, ...signer }, clock.now_ms(), '', [item]);
    bus.cast(subject.told(account, signer.id), message);
  }

  /** One pass over the transactions and one over the events; by account. */
  #newsOf({ final, result, txs }: SeenBlock): Map<string, News> {
    const news = new Map<string, News>();
    for (const [i, tx] of txs.entries()) {
      const wire = final.block.txs[i];
      if (tx === null || wire === undefined || !this.#isClient(tx.account)) continue;
      newsFor(news, tx.account).txs.push({ tx: nativeTxId(wire), nonce: tx.nonce, code: result.outcomes[i] ?? null });
    }
    for (const job of movedJobs(result.events)) {
      const account = this.#o.ledger.job(job.job)?.account;
      if (account !== undefined && this.#isClient(account)) newsFor(news, account).jobs.push(job);
    }
    return news;
  }

  /** Nodes of other kinds follow the chain themselves, and the broker lets clients alone hear this. */
  #isClient(account: string): boolean {
    const kind = this.#o.ledger.node(account)?.kind;
    return kind === undefined || kind === 'client';
  }
}

function newsFor(news: Map<string, News>, account: string): News {
  let one = news.get(account);
  if (one === undefined) news.set(account, (one = { jobs: [], txs: [] }));
  return one;
}

function movedJobs(events: readonly LedgerEvent[]): Iterable<ToldJob> {
  const jobs = new Map<string, ToldJob>();
  const moved = (id: string): ToldJob => {
    let job = jobs.get(id);
    if (job === undefined) {
      job = { job: id, is_accepted: false, settled: [], parked: [], is_finished: false };
      jobs.set(id, job);
    }
    return job;
  };
  for (const event of events) {
    if (event.type === 'job.accepted') moved(event.job).is_accepted = true;
    else if (event.type === 'unit.settled') moved(jobOf(event.unit)).settled.push(indexOf(event.unit));
    else if (event.type === 'unit.parked') moved(jobOf(event.unit)).parked.push(indexOf(event.unit));
    else if (event.type === 'job.finished') moved(event.job).is_finished = true;
  }
  return jobs.values();
}
