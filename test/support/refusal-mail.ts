// Bad mail, heartbeats and orders: envelopes that are forged, old, foreign, malformed or repeated, to actors of the running network.
import { epochAt, firstOf } from '#runtime/host/counter.ts';
import type { Signer } from '#runtime/keys/ed25519.ts';
import { HOST_ACK } from '#schemas/node/host-ack.ts';
import { OPERATOR_KIND } from '#schemas/node/operator.ts';
import type { CosignRequest } from '#schemas/settlement/cosign.ts';
import type { Code } from '#schemas/wire/codes.ts';
import type { Envelope, EnvelopeItem } from '#schemas/wire/envelope.ts';
import { encodeEnvelope, envelopeBytes, envelopeSignBytes } from '#schemas/wire/envelope-codec.ts';
import { MAX_EXPIRY_AHEAD_MS, MAX_HEARTBEAT_AGE_MS, MAX_ITEM_BODY_BYTES } from '#schemas/wire/limits.ts';
import { decode, encode } from '#schemas/wire/msgpack.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { heartbeatSignBytes } from '#schemas/work/heartbeat.ts';
import { type Row, rows } from './refusal-row.ts';
import { type RefusalWorld, STRANGER } from './refusal-world.ts';

const RECEIVER = 'validator-1';
const MINUTE_MS = 60_000;

/** Counters of what each sender sent to the receiver: contiguous, as a host gives them. */
const counters = new Map<string, number>();
function nextCounter(sender: string): number {
  const next = (counters.get(sender) ?? firstOf(epochAt(Date.now())) - 1) + 1;
  counters.set(sender, next);
  return next;
}

type Draft = {
  readonly from?: string;
  readonly item?: Partial<EnvelopeItem>;
  readonly change?: Partial<Envelope>;
  readonly by?: Signer;
};

/** A signed envelope to the receiver, whose one item it does not understand unless the draft says otherwise. */
function envelope(
  world: RefusalWorld,
  { from = 'client', item = {}, change = {}, by = world.key(from) }: Draft,
): Uint8Array {
  const whole = {
    kind: 'chat.hello.v1',
    to: world.key(RECEIVER).id,
    counter: 0,
    body: encode({ text: 'hello' }),
    ...item,
  };
  const expiry_ms = Date.now() + MINUTE_MS;
  const bytes = envelopeBytes({
    v: 1,
    network: world.chain,
    sender: world.key(from).id,
    expiry_ms,
    trace: '',
    items: [whole],
    ...change,
  });
  return encodeEnvelope(bytes, by.sign(envelopeSignBytes(bytes)));
}

/** Into the receiver's mailbox, on the sender's own subject. */
const deliver = async (world: RefusalWorld, data: Uint8Array, from = 'client'): Promise<void> =>
  (await world.bus(from)).publish(subject.mailbox(world.key(RECEIVER).id, world.key(from).id), data);
const mailing = (draft: (world: RefusalWorld) => Draft) => (world: RefusalWorld) =>
  deliver(world, envelope(world, draft(world)));
/** One that passes the envelope's checks and takes the next counter. */
const next = (item: Partial<EnvelopeItem>) => mailing(() => ({ item: { counter: nextCounter('client'), ...item } }));

const envelopes = rows('in.v1.<validator>, by a client', RECEIVER, [
  ['bytes that are no envelope', 'ENVELOPE_MALFORMED', (world) => deliver(world, new Uint8Array(300).fill(0xc1))],
  [
    'an envelope cut in the middle',
    'ENVELOPE_MALFORMED',
    (world) => deliver(world, envelope(world, {}).subarray(0, 200)),
  ],
  ['an envelope of another version', 'ENVELOPE_VERSION_UNKNOWN', mailing(() => ({ change: { v: 2 as 1 } }))],
  [
    'an item above its size limit',
    'MESSAGE_TOO_LARGE',
    mailing(() => ({ item: { body: new Uint8Array(MAX_ITEM_BODY_BYTES + 1) } })),
  ],
  ['an envelope of another network', 'NETWORK_MISMATCH', mailing(() => ({ change: { network: 'ab'.repeat(32) } }))],
  [
    'another sender than the subject’s',
    'SENDER_MISMATCH',
    mailing((world) => ({ change: { sender: world.key('archiver').id } })),
  ],
  [
    'an envelope past its expiry',
    'MESSAGE_EXPIRED',
    mailing(() => ({ change: { expiry_ms: Date.now() - MINUTE_MS } })),
  ],
  [
    'an expiry too far ahead',
    'EXPIRY_TOO_FAR',
    mailing(() => ({ change: { expiry_ms: Date.now() + MAX_EXPIRY_AHEAD_MS + MINUTE_MS } })),
  ],
  ['a signature of another key', 'SIGNATURE_INVALID', mailing(() => ({ by: STRANGER }))],
]);

const items = rows('in.v1.<validator>, by a client', RECEIVER, [
  ['a kind that the receiver does not hear', 'KIND_UNKNOWN', next({})],
  ['a body that is no MessagePack', 'BODY_MALFORMED', next({ kind: 'cosign.request.v1', body: Uint8Array.of(0xc1) })],
  ['a missing field', 'SCHEMA_MISMATCH', next({ kind: 'cosign.request.v1', body: encode({ size: 1 }) })],
  [
    'an unknown field',
    'SCHEMA_MISMATCH',
    next({ kind: 'cosign.request.v1', body: encode({ ...cosign({}), note: 'x' }) }),
  ],
  ['an item to another actor', 'RECEIVER_UNKNOWN', mailing((world) => ({ item: { to: world.key('validator-2').id } }))],
  [
    'a malformed acknowledgement',
    'SCHEMA_MISMATCH',
    mailing(() => ({ item: { kind: HOST_ACK, body: encode({ watermark: -1 }) } })),
  ],
  [
    'a message while an earlier one is missing',
    'COUNTER_GAP',
    mailing(() => ({ item: { counter: (counters.get('client') ?? 0) + 5 } })),
  ],
  [
    'a replayed envelope',
    'COUNTER_REPLAYED',
    async (world) => {
      const data = envelope(world, { item: { counter: nextCounter('client') } });
      await deliver(world, data);
      await deliver(world, data);
    },
  ],
]);

function cosign(change: Partial<CosignRequest>): CosignRequest {
  const root = new Uint8Array(32).fill(3);
  return {
    size: 1,
    root,
    checkpoint: `local/settlement\n1\n${Buffer.from(root).toString('base64')}\n`,
    old_size: 0,
    proof: [],
    ...change,
  };
}
const asking = (from: string, change: Partial<CosignRequest>) => (world: RefusalWorld) => {
  const item = { kind: 'cosign.request.v1', counter: nextCounter(from), body: encode(cosign(change)) };
  return deliver(world, envelope(world, { from, item }), from);
};

/** `scribe` is an archiver that the ledger knows: the rows of the ledger register it before. */
const checkpoints = rows('cosign.request.v1', RECEIVER, [
  ['a request to cosign by who is no archiver', 'NOT_AUTHORISED', asking('client', {})],
  ['a checkpoint that is none', 'CHECKPOINT_MALFORMED', asking('scribe', { checkpoint: 'hello' })],
  [
    'a checkpoint of another log',
    'COSIGN_ORIGIN_WRONG',
    asking('scribe', { checkpoint: `evil/settlement\n1\n${Buffer.alloc(32, 3).toString('base64')}\n` }),
  ],
  ['a checkpoint that contradicts a cosigned one', 'COSIGN_FORK', asking('scribe', {})],
  ['a checkpoint of a settlement that is not closed', 'COSIGN_SETTLEMENT_UNKNOWN', asking('scribe', { size: 900 })],
]);

/** A beat of `liar`, which the ledger knows, on its own subject. */
const beating =
  (beat: (world: RefusalWorld) => { readonly at_ms: number; readonly by?: Signer; readonly worker?: string }) =>
  async (world: RefusalWorld) => {
    const { at_ms, by = world.key('liar'), worker = world.key('liar').id } = beat(world);
    const out = Buffer.alloc(104);
    out.write(worker, 0, 'hex');
    out.writeBigUInt64BE(BigInt(at_ms), 32);
    out.set(by.sign(heartbeatSignBytes(world.chain, worker, at_ms)), 40);
    (await world.bus('liar')).cast(subject.heartbeat(world.key('liar').id), out);
  };

const heartbeats = rows('hb.v1.<worker>', 'shuffler', [
  [
    'bytes that are no heartbeat',
    'HEARTBEAT_INVALID',
    async (world) => (await world.bus('liar')).cast(subject.heartbeat(world.key('liar').id), new Uint8Array(12)),
  ],
  ['a heartbeat signed by another key', 'HEARTBEAT_INVALID', beating(() => ({ at_ms: Date.now(), by: STRANGER }))],
  [
    'a heartbeat of a worker that nobody registered',
    'HEARTBEAT_INVALID',
    beating(() => ({ at_ms: Date.now(), by: STRANGER, worker: STRANGER.id })),
  ],
  ['an old heartbeat', 'HEARTBEAT_STALE', beating(() => ({ at_ms: Date.now() - MAX_HEARTBEAT_AGE_MS - MINUTE_MS }))],
  [
    'a heartbeat of the future',
    'HEARTBEAT_AHEAD',
    beating(() => ({ at_ms: Date.now() + MAX_HEARTBEAT_AGE_MS + MINUTE_MS })),
  ],
]);

const WORKER = 'worker-ada-1';
/** Ask the worker's host, in an envelope of its operator that the row changes; the code that it answers. */
const ordering =
  (draft: Draft) =>
  async (world: RefusalWorld): Promise<Code | undefined> => {
    const item = { kind: OPERATOR_KIND, to: world.key(WORKER).id, body: encode({ verb: 'list' }), ...draft.item };
    const data = envelope(world, { from: 'operator-ada', ...draft, item });
    const answer = decode(
      await (await world.bus('client')).request(subject.operator(world.key(WORKER).id), data, MINUTE_MS),
    );
    return answer.ok ? (answer.value as { readonly code?: Code }).code : answer.code;
  };

const orders = rows('ctl.v1.<worker>, by a client', 'workers-ada', [
  ['an order of a stranger', 'NOT_AUTHORISED', ordering({ from: 'client' })],
  ['an order signed by another key', 'SIGNATURE_INVALID', ordering({ by: STRANGER })],
  ['an order past its expiry', 'MESSAGE_EXPIRED', ordering({ change: { expiry_ms: 1 } })],
  ['an order of another network', 'NETWORK_MISMATCH', ordering({ change: { network: '12'.repeat(32) } })],
  ['an order for another actor', 'KIND_UNKNOWN', ordering({ item: { to: STRANGER.id } })],
  ['an unknown verb', 'SCHEMA_MISMATCH', ordering({ item: { body: encode({ verb: 'format' }) } })],
  [
    'an order that is no envelope',
    'ENVELOPE_MALFORMED',
    async (world) => {
      const answer = decode(
        await (await world.bus('client')).request(
          subject.operator(world.key(WORKER).id),
          new Uint8Array(90),
          MINUTE_MS,
        ),
      );
      return answer.ok ? (answer.value as { readonly code?: Code }).code : undefined;
    },
  ],
]);

export const MAIL_ROWS: readonly Row[] = [...envelopes, ...items, ...checkpoints, ...heartbeats, ...orders];
