// An actor answers its own operator, and nobody else: state and quarantine, by signed orders that do not last.
import { describe, expect, test } from 'vitest';
import type { Bus } from '#runtime/bus/bus.ts';
import { seal } from '#runtime/host/envelopes.ts';
import type { Signer } from '#runtime/keys/ed25519.ts';
import { serveOperator } from '#runtime/node/operator-service.ts';
import { OPERATOR_KIND, type OperatorAnswer } from '#schemas/node/operator.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { MAX_ACTOR_FAULTS, MAX_EXPIRY_AHEAD_MS } from '#schemas/wire/limits.ts';
import { decode, encode } from '#schemas/wire/msgpack.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { CHAIN, Outsider, signerOf, World } from '../host/world.ts';

const [actor, operator, stranger] = [signerOf('actor'), signerOf('operator'), signerOf('stranger')];
const TRACE = `00-${'4b'.repeat(16)}-${'a3'.repeat(8)}-01`;

/** A hosted actor with its service, and an operator at the other end. */
async function serve() {
  const world = new World();
  const node = await world.node({ actors: [actor] });
  const refused: Code[] = [];
  const logged: object[] = [];
  let replays = 0;
  const note = (data: object): void => void logged.push(data);
  serveOperator({
    chain: CHAIN,
    actor: actor.id,
    bus: world.broker.connect(actor.id),
    host: node.host,
    now_ms: () => world.clock.now_ms(),
    operator: () => operator.id,
    onResumed: async () => void replays++,
    onRefused: (code) => refused.push(code),
    log: { info: note, warn: note, error: note },
  });
  const client: Bus = world.broker.connect('client');
  const send = async (data: Uint8Array): Promise<OperatorAnswer> => {
    const answer = decode(await client.request(subject.operator(actor.id), data, 1_000));
    if (!answer.ok) throw new Error(answer.code);
    return answer.value as unknown as OperatorAnswer;
  };
  const order = (
    body: unknown,
    by: Signer = operator,
    at_ms = world.clock.now_ms(),
    to = actor.id,
    chain = CHAIN,
    kind = OPERATOR_KIND,
  ) => send(seal({ chain, ...by }, at_ms, TRACE, [{ kind, to, counter: 0, body: encode(body) }]));
  return { world, node, refused, logged, send, order, replays: () => replays };
}

test('the operator sees the state of its actor, and the order is in the log under its trace', async () => {
  const { order, logged } = await serve();
  expect(await order({ verb: 'inspect' })).toMatchObject({
    ok: true,
    result: { id: actor.id, is_stopped: false },
  });
  expect(logged).toEqual([{ actor: actor.id, trace: TRACE, verb: 'inspect' }]);
});

test('what the actor could not process is listed, dropped, injected; an actor that was stopped goes on and hears what it missed', async () => {
  const { world, node, order, replays } = await serve();
  const outsider = new Outsider(world, 'outsider');
  for (let faults = 0; faults < MAX_ACTOR_FAULTS; faults++) outsider.order(actor, { do: 'throw' });
  await world.until(async () => (await node.host.inspect(actor.id)).is_stopped);
  const list = (await order({ verb: 'list' })) as { readonly result: readonly { readonly seq: number }[] };
  expect(list.result).toHaveLength(MAX_ACTOR_FAULTS);
  const seq = list.result[0]?.seq ?? -1;
  expect(await order({ verb: 'inject', seq })).toEqual({ ok: true, result: { done: false } });
  expect(await order({ verb: 'resume' })).toEqual({ ok: true, result: { done: true } });
  expect(replays()).toBe(1);
  expect(await order({ verb: 'drop', seq })).toEqual({ ok: true, result: { done: true } });
  expect(await order({ verb: 'drop', seq })).toEqual({ ok: true, result: { done: false } });
});

describe('refused and counted', () => {
  type Served = Awaited<ReturnType<typeof serve>>;
  const list = { verb: 'list' };
  test.each([
    ['an order of a stranger', 'NOT_AUTHORISED', ({ order }: Served) => order(list, stranger)],
    [
      'an order of another network',
      'NETWORK_MISMATCH',
      ({ order }: Served) => order(list, operator, undefined, actor.id, 'd'.repeat(64)),
    ],
    [
      'an order that is past its expiry',
      'MESSAGE_EXPIRED',
      ({ order, world }: Served) => order(list, operator, world.clock.now_ms() - MAX_EXPIRY_AHEAD_MS),
    ],
    [
      'an order that would last too long',
      'EXPIRY_TOO_FAR',
      ({ order, world }: Served) => order(list, operator, world.clock.now_ms() + MAX_EXPIRY_AHEAD_MS),
    ],
    [
      'an order signed by somebody else',
      'SIGNATURE_INVALID',
      ({ order }: Served) => order(list, { id: operator.id, sign: stranger.sign }),
    ],
    [
      'an order for another actor',
      'KIND_UNKNOWN',
      ({ order }: Served) => order(list, operator, undefined, stranger.id),
    ],
    [
      'a message of another kind',
      'KIND_UNKNOWN',
      ({ order }: Served) => order(list, operator, undefined, actor.id, CHAIN, 'other.v1'),
    ],
    ['an unknown verb', 'SCHEMA_MISMATCH', ({ order }: Served) => order({ verb: 'format' })],
    ['a verb without its number', 'SCHEMA_MISMATCH', ({ order }: Served) => order({ verb: 'drop' })],
    ['bytes that are no envelope', 'ENVELOPE_MALFORMED', ({ send }: Served) => send(new Uint8Array(80))],
  ] as const)('%s', async (_name, code, send) => {
    const served = await serve();
    expect(await send(served)).toEqual({ ok: false, code });
    expect(served.refused).toEqual([code]);
    expect(served.logged).toEqual([]);
  });
});
