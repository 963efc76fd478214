// What an actor may rely on: its timers, its calls, its quarantine, and that its neighbours' faults are not its own.
import { describe, expect, test } from 'vitest';
import type { IoPort } from '#runtime/host/ports.ts';
import { MAX_ACTOR_FAULTS, MAX_IO_AT_ONCE, MAX_QUARANTINE_ROWS, MAX_RESIDENT_ACTORS } from '#schemas/wire/limits.ts';
import { type NodeOptions, Outsider, signerOf, type TestNode, World } from './world.ts';

const [a, b] = [signerOf('a'), signerOf('b')];

async function heard(node: TestNode, text: string, actor = a): Promise<boolean> {
  return (await node.data(actor)).heard.includes(text);
}
async function setUp(options: Pick<NodeOptions, 'echo' | 'fault'> = {}) {
  const world = new World();
  return { world, node: await world.node({ actors: [a, b], ...options }), peer: new Outsider(world, 'peer') };
}
async function restarted(world: World, node: TestNode, options: { readonly echo?: IoPort } = {}): Promise<TestNode> {
  await node.kill();
  return world.node({ actors: [a, b], disk: node.disk, ...options });
}

test('an actor is started once in its life', async () => {
  const { world, node } = await setUp();
  const again = await restarted(world, node);
  expect((await again.data(a)).heard).toEqual(['started']);
});

describe('timers', () => {
  test('a timer fires at its time and not before', async () => {
    const { world, node, peer } = await setUp();
    peer.order(a, { do: 'timer', id: 't', at_ms: world.clock.now_ms() + 5_000 });
    await world.pass(4_500);
    expect(await heard(node, 'timer t')).toBe(false);
    await world.until(() => heard(node, 'timer t'));
    expect((await node.host.inspect(a.id)).timers).toEqual([]);
  });

  test('a timer that was set in an earlier life fires in this one', async () => {
    const { world, node, peer } = await setUp();
    peer.order(a, { do: 'timer', id: 't', at_ms: world.clock.now_ms() + 5_000 });
    await world.until(async () => (await node.host.inspect(a.id)).timers.length === 1);
    const again = await restarted(world, node);
    await world.until(() => heard(again, 'timer t'));
    expect((await again.data(a)).heard).toEqual(['started', 'timer t']);
  });

  test('a timer that came due while the node was away fires at the start', async () => {
    const { world, node, peer } = await setUp();
    peer.order(a, { do: 'timer', id: 't', at_ms: world.clock.now_ms() + 5_000 });
    await world.until(async () => (await node.host.inspect(a.id)).timers.length === 1);
    await node.kill();
    world.clock.advance(60_000);
    const again = await world.node({ actors: [a, b], disk: node.disk });
    await world.until(() => heard(again, 'timer t'));
    expect((await again.data(a)).heard).toEqual(['started', 'timer t']);
  });

  test('a timer that is set again moves, one that is cancelled is silent', async () => {
    const { world, node, peer } = await setUp();
    const now_ms = world.clock.now_ms();
    peer.order(
      a,
      { do: 'timer', id: 'moved', at_ms: now_ms + 500 },
      { do: 'timer', id: 'moved', at_ms: now_ms + 9_000 },
    );
    peer.order(a, { do: 'timer', id: 'gone', at_ms: now_ms + 500 }, { do: 'cancel', id: 'gone' });
    await world.pass(5_000);
    expect((await node.data(a)).heard).toEqual(['started']);
    await world.until(() => heard(node, 'timer moved'));
    expect(await heard(node, 'timer gone')).toBe(false);
  });

  test('a thousand timers fire in the order of their times', async () => {
    const { world, node, peer } = await setUp();
    const at_ms = (n: number) => world.clock.now_ms() + 1_000 + ((n * 7_919) % 100) * 10;
    peer.order(
      a,
      ...Array.from({ length: 100 }, (_, n) => ({
        do: 'timer',
        id: String((n * 7_919) % 100).padStart(2, '0'),
        at_ms: at_ms(n),
      })),
    );
    await world.until(async () => (await node.data(a)).heard.length === 100);
    const order = (await node.data(a)).heard;
    await world.pass(100);
    expect(order.slice(1)).toEqual(order.slice(1).toSorted());
  });
});

describe('io', () => {
  test('an answer comes as an event', async () => {
    const { world, node, peer } = await setUp();
    peer.order(a, { do: 'io', key: 'k' });
    await world.until(() => heard(node, 'done k echo of k'));
    expect((await node.host.inspect(a.id)).io).toEqual([]);
  });

  test('a failure comes as its code', async () => {
    const echo: IoPort = async () => Promise.reject(Object.assign(new Error('no'), { code: 'SANDBOX_BUSY' }));
    const { world, node, peer } = await setUp({ echo });
    peer.order(a, { do: 'io', key: 'k' });
    await world.until(() => heard(node, 'failed k SANDBOX_BUSY'));
    expect((await node.host.inspect(a.id)).io).toEqual([]);
  });

  test('what was not answered in an earlier life is asked again with the same key', async () => {
    const never: IoPort = () => new Promise(() => {});
    const { world, node, peer } = await setUp({ echo: never });
    peer.order(a, { do: 'io', key: 'k' });
    await world.until(() => heard(node, 'asked k'));
    const again = await restarted(world, node);
    await world.until(() => heard(again, 'done k echo of k'));
    expect((await again.data(a)).heard).toEqual(['started', 'asked k', 'done k echo of k']);
  });

  test('the same key while it is unanswered is asked once', async () => {
    let calls = 0;
    const { world, node, peer } = await setUp({ echo: () => (calls++, new Promise(() => {})) });
    peer.order(a, { do: 'io', key: 'k' }, { do: 'io', key: 'k' }, { do: 'note', text: 'end' });
    await world.until(() => heard(node, 'end'));
    expect(calls).toBe(1);
  });

  test('what a port knows at once is heard in the turn that asks, and leaves no row', async () => {
    const echo: IoPort = Object.assign(() => Promise.reject(new Error('not to be called')), {
      atOnce: (request: unknown, actor: string) => `${actor === a.id} ${JSON.stringify(request)}`,
    });
    const written: string[] = [];
    const fault: NodeOptions['fault'] = (ops) => void written.push(...ops.map(({ key }) => key));
    const { world, node, peer } = await setUp({ echo, fault });
    peer.order(a, { do: 'io', key: 'k' });
    await world.until(() => heard(node, 'done k true {"key":"k"}'));
    expect((await node.data(a)).heard).toEqual(['started', 'asked k', 'done k true {"key":"k"}']);
    expect(written.filter((key) => key.startsWith('io/'))).toEqual([]);
  });

  test('what is under way is not asked at once as well', async () => {
    let isSlow = true;
    const echo: IoPort = Object.assign(() => new Promise(() => {}), { atOnce: () => (isSlow ? undefined : 'fast') });
    const { world, node, peer } = await setUp({ echo });
    peer.order(a, { do: 'io', key: 'k' });
    await world.until(() => heard(node, 'asked k'));
    isSlow = false;
    peer.order(a, { do: 'io', key: 'k' }, { do: 'io', key: 'other' });
    await world.until(() => heard(node, 'done other fast'));
    expect((await node.data(a)).heard).not.toContain('done k fast');
  });

  test('no more than the limit is under way at once, and the rest follows', async () => {
    const answers: (() => void)[] = [];
    const { world, node, peer } = await setUp({
      echo: () => new Promise((resolve) => answers.push(() => resolve('late'))),
    });
    const count = MAX_IO_AT_ONCE + 10;
    peer.order(a, ...Array.from({ length: count }, (_, n) => ({ do: 'io', key: `k${n}` })));
    await world.until(() => answers.length === MAX_IO_AT_ONCE);
    await world.pass(1_000);
    expect(answers.length).toBe(MAX_IO_AT_ONCE);
    await world.until(async () => {
      for (const answer of answers.splice(0)) answer();
      return (await node.host.inspect(a.id)).io.length === 0;
    });
  });
});

describe('faults', () => {
  test.each(['throw', 'leave_schema', 'send_nonsense'])(
    'an event on which a machine does %s goes to quarantine and nowhere else',
    async (what) => {
      const { world, node, peer } = await setUp();
      peer.order(a, { do: 'note', text: 'before' }, { do: what }, { do: 'note', text: 'after' });
      peer.order(b, { do: 'note', text: 'neighbour' });
      await world.until(async () => (await heard(node, 'after')) && (await heard(node, 'neighbour', b)));
      expect((await node.data(a)).heard).toEqual(['started', 'before', 'after']);
      const [event, ...rest] = await node.host.quarantine.list(a.id);
      expect(rest).toEqual([]);
      expect(event?.event).toMatchObject({ type: 'message', from: peer.signer.id, body: { do: what } });
      expect(event?.error).not.toBe('');
    },
  );

  test('quarantine survives a restart; an event can be given again or dropped', async () => {
    const { world, node, peer } = await setUp();
    peer.order(a, { do: 'throw' }, { do: 'throw' });
    await world.until(async () => (await node.host.inspect(a.id)).quarantine_count === 2);
    const again = await restarted(world, node);
    const [first, second] = await again.host.quarantine.list(a.id);
    expect(await again.host.quarantine.drop(a.id, first?.seq ?? 0)).toBe(true);
    expect(await again.host.quarantine.drop(a.id, first?.seq ?? 0)).toBe(false);
    // It fails again, so it is set aside again, under a new number.
    expect(await again.host.quarantine.inject(a.id, second?.seq ?? 0)).toBe(true);
    const [third, ...rest] = await again.host.quarantine.list(a.id);
    expect(rest).toEqual([]);
    expect(third?.seq).toBeGreaterThan(second?.seq ?? 0);
  });

  test('an actor that fails too often is stopped, its mail waits, and it goes on when it is resumed', async () => {
    const { world, node, peer } = await setUp();
    peer.order(a, ...Array.from({ length: MAX_ACTOR_FAULTS }, () => ({ do: 'throw' })));
    await world.until(async () => (await node.host.inspect(a.id)).is_stopped);
    const again = await restarted(world, node);
    expect((await again.host.inspect(a.id)).is_stopped).toBe(true);
    const late = peer.envelope([peer.item(a, { do: 'note', text: 'late' })]);
    peer.send(a, late);
    peer.order(b, { do: 'note', text: 'neighbour' });
    await world.until(() => heard(again, 'neighbour', b));
    expect(await heard(again, 'late')).toBe(false);
    expect(again.host.refusals()).toContainEqual({
      peer: peer.signer.id,
      code: 'ACTOR_STOPPED',
      count: expect.any(Number),
    });
    await again.host.quarantine.resume(a.id);
    peer.send(a, late);
    await world.until(() => heard(again, 'late'));
  });

  test('timers and calls of a stopped actor wait until it is resumed', async () => {
    const { world, node, peer } = await setUp();
    peer.order(
      a,
      { do: 'timer', id: 't', at_ms: world.clock.now_ms() + 2_000 },
      ...Array.from({ length: MAX_ACTOR_FAULTS }, () => ({ do: 'throw' })),
    );
    await world.until(async () => (await node.host.inspect(a.id)).is_stopped);
    await world.pass(5_000);
    expect(await heard(node, 'timer t')).toBe(false);
    await node.host.quarantine.resume(a.id);
    await world.until(() => heard(node, 'timer t'));
  });

  test('a few faults over a long time stop nobody', async () => {
    const { world, node, peer } = await setUp();
    for (let n = 0; n < 2 * MAX_ACTOR_FAULTS; n++) {
      peer.order(a, { do: 'throw' });
      await world.until(async () => (await node.host.inspect(a.id)).quarantine_count === n + 1);
      world.clock.advance(20_000);
    }
    expect((await node.host.inspect(a.id)).is_stopped).toBe(false);
  });

  test('quarantine is bounded', async () => {
    const { world, node, peer } = await setUp();
    for (let n = 0; n < MAX_QUARANTINE_ROWS + 10; n++) {
      peer.order(a, { do: 'throw' }, { do: 'note', text: `${n}` });
      await world.until(() => heard(node, `${n}`));
      world.clock.advance(20_000);
    }
    expect((await node.host.inspect(a.id)).quarantine_count).toBe(MAX_QUARANTINE_ROWS);
  });
});

test('actors beyond the bound sleep on disk and wake when something comes', async () => {
  const world = new World();
  const actors = Array.from({ length: MAX_RESIDENT_ACTORS + 20 }, (_, n) => signerOf(`actor ${n}`));
  const node = await world.node({ actors });
  const [first = a] = actors;
  expect((await node.host.inspect(first.id)).is_resident).toBe(false);
  new Outsider(world, 'peer').order(first, { do: 'note', text: 'wake up' });
  await world.until(() => heard(node, 'wake up', first));
  expect((await node.data(first)).heard).toEqual(['started', 'wake up']);
  expect((await node.host.inspect(first.id)).is_resident).toBe(true);
  const resident = await Promise.all(actors.map(async ({ id }) => (await node.host.inspect(id)).is_resident));
  expect(resident.filter(Boolean).length).toBe(MAX_RESIDENT_ACTORS);
});

test('an event that changes nothing writes nothing but that it was heard', async () => {
  const world = new World();
  const keys: string[][] = [];
  const node = await world.node({ actors: [a], fault: (ops) => void keys.push(ops.map((op) => op.key)) });
  const peer = new Outsider(world, 'peer');
  peer.order(a, { do: 'note', text: 'first' });
  await world.until(() => heard(node, 'first'));
  await world.pass(1_000);
  keys.length = 0;
  peer.order(a, { do: 'nothing' });
  await world.pass(1_000);
  expect(keys).toEqual([[`mark/${a.id}/${peer.signer.id}`]]);
});
