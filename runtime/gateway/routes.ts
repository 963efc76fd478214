// The HTTP API: what the console and the command line read, and where signed transactions come in. See docs/reference/http-api.md.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Ledger } from '#machines/settlement/ledger.ts';
import { unitId } from '#machines/work/units.ts';
import { ACCOUNT_NAME } from '#schemas/settlement/proven-row.ts';
import type { JobRow } from '#schemas/settlement/state.ts';
import { type Code, type Result } from '#schemas/wire/codes.ts';
import { MAX_API_UNITS, MAX_JOB_UNITS, MAX_SETTLEMENT_ENTRIES, MAX_TX_BYTES } from '#schemas/wire/limits.ts';
import type { Log } from '../observe/log.ts';
import { ApiError } from './api-error.ts';
import type { CertifiedState } from './certified-state.ts';
import type { DrawProofs } from './draw-proofs.ts';
import { param, queryNumber } from './guard.ts';
import type { Headers } from './headers.ts';
import type { HeightWait } from './height-wait.ts';
import { jobUnit, jobUnits } from './job-units.ts';
import type { GatewayReads } from './ports.ts';
import { settlementView } from './settlement-views.ts';
import { type SubmitOptions, submitTx } from './submit.ts';
import { traceOf } from './trace.ts';
import { validatorSetView } from './validator-set-view.ts';

export type RouteOptions = SubmitOptions & {
  readonly reads: GatewayReads;
  readonly draws: Pick<DrawProofs, 'of'>;
  readonly headers: Pick<Headers, 'at' | 'handover'>;
  readonly state: Pick<CertifiedState, 'prove'>;
  readonly heights: Pick<HeightWait, 'reach'>;
  /** Where the console connects to for the feed. */
  readonly ws_url: string;
  readonly log: Log;
};

const HASH = /^[0-9a-f]{64}$/;
const JOB = /^[0-9a-f]{32}$/;
const INDEX = /^(0|[1-9][0-9]{0,5})$/;
const SEQ = /^(0|[1-9][0-9]{0,8})$/;
const HEIGHT = /^([1-9][0-9]{0,14}|latest)$/;
const ASSET = /^(credit|stake)$/;
/** Ten blocks a second for three years. */
const MAX_ASKED_HEIGHT = 999_999_999;
/** Units in one answer unless the request says otherwise. */
const PAGE_UNITS = 256;

/** Path → answer; a refusal is thrown as ApiError. */
type Answers = Readonly<Record<string, (request: FastifyRequest) => unknown>>;

export function addRoutes(server: FastifyInstance, options: RouteOptions): void {
  for (const [path, answer] of Object.entries({
    ...networkAnswers(options),
    ...workAnswers(options),
    ...moneyAnswers(options),
    ...proofAnswers(options),
  }))
    server.get(path, async (request, reply) => {
      await caughtUp(options, request);
      return reply.header('cache-control', 'no-store').send(await answer(request));
    });
  server.addContentTypeParser(
    'application/octet-stream',
    { parseAs: 'buffer', bodyLimit: MAX_TX_BYTES },
    (_request, body, done) => done(null, body),
  );
  server.post('/api/transactions', async (request, reply) => {
    if (!(request.body instanceof Uint8Array)) throw new ApiError(415, 'API_INPUT_INVALID', 'content-type');
    const tx = await submitTx(options, request.body);
    options.log.info({ trace: traceOf(request), tx }, 'transaction handed to the validators');
    return reply.code(202).header('cache-control', 'no-store').send({ tx });
  });
}

/** Every answer may be asked for as of a height: whoever has seen it is never shown what was before. */
async function caughtUp({ heights }: RouteOptions, request: FastifyRequest): Promise<void> {
  const code = await heights.reach(queryNumber(request, 'at_least', 0, MAX_ASKED_HEIGHT));
  if (code !== null) throw new ApiError(503, code);
}

function networkAnswers({ reads, keeper, self, ws_url, now_ms }: RouteOptions): Answers {
  const { id, genesis } = reads.chain;
  const { network } = genesis;
  const { ledger } = reads;
  return {
    '/api/network': () => {
      const { beacon_key, validators } = ledger.membership(ledger.height() + 1);
      return { network, chain: id, gateway: self, ws_url, beacon_key, height: ledger.height(), validators };
    },
    '/api/view': () => keeper.view(now_ms()),
    '/api/validators': () => validatorSetView(ledger, genesis.params),
  };
}

function workAnswers({ ledger, keeper, draws, now_ms }: RouteOptions): Answers {
  return {
    '/api/jobs': () => ({ jobs: keeper.jobs.views(now_ms()) }),
    '/api/jobs/:job': (request) => {
      const first = queryNumber(request, 'first', 0, MAX_JOB_UNITS);
      const count = queryNumber(request, 'count', PAGE_UNITS, MAX_API_UNITS);
      const job = jobOfRequest(ledger, request);
      return { ...keeper.jobs.view(job, now_ms()), first, units: jobUnits(ledger, job, first, count) };
    },
    '/api/units/:job/:index': (request) => {
      const { job, index, unit } = unitOfRequest(ledger, request);
      return { unit, ...jobUnit(ledger, job.id, index), story: keeper.stories.of(unit) };
    },
    '/api/draws/:job/:index': (request) => {
      const { unit } = unitOfRequest(ledger, request);
      return { unit, draws: granted(draws.of(unit)) };
    },
  };
}

function moneyAnswers({ ledger, keeper }: RouteOptions): Answers {
  return {
    '/api/accounts/:account': (request) => {
      const account = param(request, 'account', ACCOUNT_NAME);
      const amounts = {
        credit_units: `${ledger.balance('credit', account)}`,
        stake_units: `${ledger.balance('stake', account)}`,
      };
      return { account, ...amounts, next_nonce: ledger.nextNonce(account), height: ledger.height() };
    },
    '/api/settlements/:seq': (request) => {
      const row = ledger.settlement(Number(param(request, 'seq', SEQ)));
      if (row === undefined) throw new ApiError(404, 'SETTLEMENT_UNKNOWN');
      return { ...settlementView(row, MAX_SETTLEMENT_ENTRIES), jobs: row.jobs };
    },
    '/api/transactions/:tx': (request) => {
      const tx = param(request, 'tx', HASH);
      const status = keeper.transactions.status(tx);
      if (status === undefined) throw new ApiError(404, 'TX_UNKNOWN');
      return { tx, ...status };
    },
  };
}

/** For whoever believes nobody: what `sortition light` and `sortition beacon verify` check. */
function proofAnswers({ ledger, headers, state }: RouteOptions): Answers {
  return {
    '/api/headers/:height': async (request) => {
      const height = param(request, 'height', HEIGHT);
      return granted(await headers.at(height === 'latest' ? ledger.height() : Number(height)));
    },
    '/api/memberships/:epoch': async (request) => granted(await headers.handover(Number(param(request, 'epoch', SEQ)))),
    '/api/proofs/accounts/:asset/:account': (request) => {
      const asset = param(request, 'asset', ASSET);
      return granted(state.prove(`accounts/${asset}/${param(request, 'account', ACCOUNT_NAME)}`));
    },
  };
}

/** Refusals of proofs that pass by themselves: ask again. Any other says that what was asked for is not there. */
const PASSING: ReadonlySet<Code> = new Set(['DRAW_PROOF_PENDING', 'ROW_PROOF_PENDING', 'HOST_BUSY', 'BUS_NO_ANSWER']);

function granted<T>(result: Result<T>): T {
  if (!result.ok) throw new ApiError(PASSING.has(result.code) ? 503 : 404, result.code);
  return result.value;
}

function jobOfRequest(ledger: Ledger, request: FastifyRequest): JobRow {
  const job = ledger.job(param(request, 'job', JOB));
  if (job === undefined) throw new ApiError(404, 'JOB_UNKNOWN');
  return job;
}

function unitOfRequest(ledger: Ledger, request: FastifyRequest) {
  const index = Number(param(request, 'index', INDEX));
  const job = jobOfRequest(ledger, request);
  if (index >= job.units_count) throw new ApiError(404, 'UNIT_UNKNOWN');
  return { job, index, unit: unitId(job.id, index) };
}
