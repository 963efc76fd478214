// What the archiver does at each step; when it does so is in archiver.machine.ts. Pure; effects are data.
import type { Effect, HostEvent } from '#schemas/node/host.ts';
import { CosignReply, PublishAnswer, SealAnswer } from '#schemas/settlement/cosign.ts';
import { FIRST_SEQ } from '#schemas/settlement/record.ts';
import type { ArchiverData } from '#schemas/snapshots/archiver-v1.ts';
import { assert, present } from '../primitives/assert.ts';

export type Step = { readonly d: ArchiverData; readonly effects: readonly Effect[] };

/** The one timer: whatever the present step waits for is tried again when it fires. */
export const RETRY_TIMER = 'retry';
/** First pause before a failed port or a silent validator is asked again, ms; each further one doubles. */
const FIRST_PAUSE_MS = 500;
/** Longest pause, ms: a validator that comes back is asked within this. */
const LONGEST_PAUSE_MS = 30_000;

/** An archiver that has seen nothing. */
export const newArchiver = (id: string): ArchiverData => ({
  id,
  next_seq: FIRST_SEQ,
  closed_seq: FIRST_SEQ - 1,
  sealed: null,
  cosignatures: {},
  distrusted: [],
  tries_count: 0,
});

/** Settlements close in order, so the highest one says all. */
export function noteClosed(d: ArchiverData, event: HostEvent): Step {
  assert(event.type === 'ledger.block', 'only blocks close settlements');
  const seqs = event.events.filter((e) => e.type === 'settlement.closed').map(({ seq }) => seq);
  const closed_seq = Math.max(d.closed_seq, ...seqs);
  return closed_seq === d.closed_seq ? still(d) : still({ ...d, closed_seq });
}

/** Keys of the present orders: a repeat has the same key, a changed question another. */
export const sealKey = (d: ArchiverData): string => `seal:${d.next_seq}`;
const publishKey = (d: ArchiverData): string => `publish:${d.next_seq}:${d.distrusted.length}`;

/** Order the record of the next settlement to be stored. */
export const seal = (d: ArchiverData): Step => io(d, 'archive.seal', sealKey(d), { seq: d.next_seq });

/** Order the bundle to be written with the cosignatures collected. */
export const publish = (d: ArchiverData): Step =>
  io(d, 'archive.publish', publishKey(d), { seq: d.next_seq, cosignatures: Object.values(d.cosignatures) });

/** The record is stored: from here on only cosignatures are missing. */
export function keepSealed(d: ArchiverData, event: HostEvent): Step {
  assert(event.type === 'io.done', 'a port answers with io.done');
  return still({ ...d, sealed: SealAnswer.parse(event.answer), tries_count: 0 });
}

/** Ask every validator that has not answered well, now and again after a pause. */
export function ask(d: ArchiverData, event: HostEvent): Step {
  const sealed = present(d.sealed, 'only a sealed settlement is cosigned');
  const silent = sealed.validators.filter((id) => d.cosignatures[id] === undefined && !d.distrusted.includes(id));
  const requests = silent.map((to): Effect => ({ type: 'send', to, kind: 'cosign.request.v1', body: sealed.ask }));
  const paused = pause(d, event);
  return { d: paused.d, effects: [...requests, ...paused.effects] };
}

/** Take in a reply; one for another checkpoint, from a stranger or from one who signed falsely changes nothing. */
export function keepReply(d: ArchiverData, event: HostEvent): Step {
  assert(event.type === 'message', 'replies are messages');
  const reply = CosignReply.parse(event.body);
  const { ask, validators } = present(d.sealed, 'replies are heard while a settlement is cosigned');
  if (!validators.includes(event.from) || d.distrusted.includes(event.from) || reply.size !== ask.size) return still(d);
  if (!reply.ok) return { d, effects: [warn('cosignature refused', { validator: event.from, code: reply.code })] };
  if (reply.root.some((byte, i) => byte !== ask.root[i])) return still(d);
  const cosignature = { validator: event.from, time_s: reply.time_s, signature: reply.signature };
  return still({ ...d, cosignatures: { ...d.cosignatures, [event.from]: cosignature } });
}

/** Counted over all registered validators, by their power. */
export function hasQuorum({ sealed, cosignatures }: ArchiverData): boolean {
  if (sealed === null) return false;
  const powers = sealed.validators.map((id, i) => (cosignatures[id] === undefined ? 0 : (sealed.powers?.[i] ?? 1)));
  return powers.reduce((sum, power) => sum + power, 0) >= sealed.quorum;
}

type Answer = { readonly key: string; readonly answer: unknown };
/** Whether the answer to the present publish order is that the bundle lies there, or that signatures are false. */
export const isPublished = (d: ArchiverData, { key, answer }: Answer): boolean =>
  key === publishKey(d) && PublishAnswer.parse(answer).ok;
export const isRejected = (d: ArchiverData, { key, answer }: Answer): boolean =>
  key === publishKey(d) && !PublishAnswer.parse(answer).ok;

/** Published: state it to the ledger and be ready for the next settlement. */
export function finish(d: ArchiverData, event: HostEvent): Step {
  const published = publishAnswer(event);
  assert(published.ok, 'a rejected bundle is not finished');
  const { seq, cid, log_root } = published;
  return {
    d: { ...newArchiver(d.id), next_seq: seq + 1, closed_seq: d.closed_seq },
    effects: [
      { type: 'submit', body: { type: 'settlement.archived', seq, cid, log_root } },
      { type: 'log', level: 'info', message: 'settlement archived', data: { seq, cid } },
      { type: 'metric', name: 'sortition_archive_settlements_total', add: 1 },
    ],
  };
}

/** Some signatures do not verify: drop them and collect from others for this checkpoint. */
export function distrust(d: ArchiverData, event: HostEvent): Step {
  const rejected = publishAnswer(event);
  assert(!rejected.ok, 'a published bundle distrusts nobody');
  const kept = Object.entries(d.cosignatures).filter(([id]) => !rejected.invalid.includes(id));
  return {
    d: {
      ...d,
      cosignatures: Object.fromEntries(kept),
      distrusted: [...d.distrusted, ...rejected.invalid],
      tries_count: 0,
    },
    effects: rejected.invalid.map((validator) => warn('false cosignature', { validator })),
  };
}

/** Try the present step again later: the pause doubles with each try. */
export function pause(d: ArchiverData, { now_ms }: HostEvent): Step {
  const at_ms = now_ms + Math.min(FIRST_PAUSE_MS * 2 ** d.tries_count, LONGEST_PAUSE_MS);
  return { d: { ...d, tries_count: d.tries_count + 1 }, effects: [{ type: 'timer.set', id: RETRY_TIMER, at_ms }] };
}

/** The step is over: its timer must not wake the next one. */
export const stopTimer = (d: ArchiverData): Step => ({
  d: { ...d, tries_count: 0 },
  effects: [{ type: 'timer.cancel', id: RETRY_TIMER }],
});

function publishAnswer(event: HostEvent): PublishAnswer {
  assert(event.type === 'io.done', 'a port answers with io.done');
  return PublishAnswer.parse(event.answer);
}

const still = (d: ArchiverData): Step => ({ d, effects: [] });
const io = (d: ArchiverData, port: string, key: string, request: unknown): Step => ({
  d,
  effects: [{ type: 'io', port, key, request }],
});
const warn = (message: string, data: Readonly<Record<string, string>>): Effect => ({
  type: 'log',
  level: 'warn',
  message,
  data,
});
