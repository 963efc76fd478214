// Heartbeats: workers say that they are there, from outside the computing processes; the shuffler's node collects what it hears.

import type { z } from 'zod';
import type { TreelessLedger } from '#machines/settlement/ledger.ts';
import type { Heartbeat } from '#schemas/settlement/transaction.ts';
import { accept, type Code, type Result, refuse } from '#schemas/wire/codes.ts';
import { HEARTBEAT_INTERVAL_MS, MAX_HEARTBEAT_AGE_MS, MAX_HEARTBEATS_PER_TX } from '#schemas/wire/limits.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { HEARTBEAT_BYTES, heartbeatSignBytes } from '#schemas/work/heartbeat.ts';
import { type HeartbeatsAnswer, HeartbeatsRequest } from '#schemas/work/lottery.ts';
import type { Bus, Subscription } from '../bus/bus.ts';
import type { Clock, IoPort } from '../host/ports.ts';
import type { Signer } from '../keys/ed25519.ts';
import type { Chain } from '../network/genesis-file.ts';

type Beat = z.infer<typeof Heartbeat>;

/** Pause after the first beat of a worker that the ledger counts as away, ms. */
const FIRST_PAUSE_MS = 500;
/** How long news is gathered before it is told, ms: workers that start together share a transaction. */
const GATHER_MS = 250;

export type Standing = 'unknown' | 'away' | 'there';

/** How the ledger counts a worker now. */
export function standingOf(id: string, ledger: TreelessLedger, { genesis }: Chain): Standing {
  const node = ledger.node(id);
  if (node?.kind !== 'worker') return 'unknown';
  return ledger.timeMs() - node.last_seen_ms > genesis.params.away_after_ms ? 'away' : 'there';
}

/**
 * Beat now and every interval until the answer is called. While the ledger counts the worker as away the pauses begin short
 * and double: a beat is lossy, and the shuffler may have started a moment later.
 */
export function startHeartbeats(
  chain: string,
  signer: Signer,
  bus: Bus,
  clock: Clock,
  isAway: () => boolean,
): () => void {
  let cancel = (): void => undefined;
  let pause_ms = FIRST_PAUSE_MS;
  const beat = (): void => {
    const at_ms = clock.now_ms();
    bus.cast(subject.heartbeat(signer.id), heartbeatBytes(chain, signer, at_ms));
    const is_away = isAway();
    cancel = clock.setTimer(is_away ? pause_ms : HEARTBEAT_INTERVAL_MS, beat);
    pause_ms = is_away ? Math.min(2 * pause_ms, HEARTBEAT_INTERVAL_MS) : FIRST_PAUSE_MS;
  };
  beat();
  return () => cancel();
}

/** worker 32 | at_ms u64 | signature 64. */
function heartbeatBytes(chain: string, signer: Signer, at_ms: number): Uint8Array {
  const out = Buffer.alloc(HEARTBEAT_BYTES);
  out.write(signer.id, 0, 'hex');
  out.writeBigUInt64BE(BigInt(at_ms), 32);
  out.set(signer.sign(heartbeatSignBytes(chain, signer.id, at_ms)), 40);
  return out;
}

export type HeartbeatCollector = { readonly port: IoPort; close(): void };

/**
 * Hear heartbeats and hand them out as the `heartbeats` port: at once (after GATHER_MS) when somebody came whom the ledger
 * counts as away, else once an interval. Signatures are checked here so that a forged one never costs the ledger anything.
 */
export function collectHeartbeats(options: {
  readonly chain: string;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly verify: (id: string, bytes: Uint8Array, signature: Uint8Array) => boolean;
  /** Whether the ledger would take a heartbeat of this id, and whether it counts it as away now. */
  readonly standing: (id: string) => Standing;
  readonly onRefused: (code: Code) => void;
}): HeartbeatCollector {
  const { chain, bus, clock, verify, standing, onRefused } = options;
  const latest = new Map<string, Beat>();
  let onNews = (): void => undefined;

  /** Cheap checks first: the signature costs more than the rest together. */
  const judge = (data: Uint8Array): Result<Beat> => {
    const beat = readHeartbeat(data);
    if (beat === undefined || standing(beat.worker) === 'unknown') return refuse('HEARTBEAT_INVALID');
    const age_ms = clock.now_ms() - beat.at_ms;
    if (-age_ms > MAX_HEARTBEAT_AGE_MS) return refuse('HEARTBEAT_AHEAD');
    if (age_ms > MAX_HEARTBEAT_AGE_MS || beat.at_ms <= (latest.get(beat.worker)?.at_ms ?? 0))
      return refuse('HEARTBEAT_STALE');
    const isSigned = verify(beat.worker, heartbeatSignBytes(chain, beat.worker, beat.at_ms), beat.signature);
    return isSigned ? accept(beat) : refuse('HEARTBEAT_INVALID');
  };
  const subscription: Subscription = bus.subscribe(subject.heartbeatAll, ({ data }) => {
    const beat = judge(data);
    if (!beat.ok) return onRefused(beat.code);
    latest.set(beat.value.worker, beat.value);
    if (standing(beat.value.worker) === 'away') onNews();
  });

  const take = (): z.infer<typeof HeartbeatsAnswer> => {
    const taken = [...latest.values()].slice(0, MAX_HEARTBEATS_PER_TX);
    for (const { worker } of taken) latest.delete(worker);
    return { heartbeats: taken };
  };

  const port: IoPort = async (request, { signal }) => {
    const { interval_ms } = HeartbeatsRequest.parse(request);
    const isNews = [...latest.keys()].some((id) => standing(id) === 'away');
    await new Promise<void>((resolve) => {
      const end = (): void => {
        signal.removeEventListener('abort', end);
        cancel();
        resolve();
      };
      let cancel = clock.setTimer(isNews ? GATHER_MS : interval_ms, end);
      onNews = () => {
        onNews = () => undefined;
        cancel();
        cancel = clock.setTimer(GATHER_MS, end);
      };
      signal.addEventListener('abort', end);
    });
    onNews = () => undefined;
    return take();
  };
  return { port, close: () => subscription.close() };
}

function readHeartbeat(data: Uint8Array): Beat | undefined {
  if (data.length !== HEARTBEAT_BYTES) return undefined;
  const bytes = Buffer.from(data);
  const at_ms = Number(bytes.readBigUInt64BE(32));
  if (!Number.isSafeInteger(at_ms)) return undefined;
  return { worker: bytes.toString('hex', 0, 32), at_ms, signature: new Uint8Array(bytes.subarray(40)) };
}
