// Who may say and hear what, asked of a running broker: every kind of actor against every row of the subject table.
import { connect, type NatsConnection, PermissionViolationError, wsconnect } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { nkeyAuthenticator } from '#runtime/keys/nkey.ts';
import { ACTOR_KINDS, type ActorKind, SUBJECTS, type SubjectRule } from '#schemas/wire/subjects.ts';
import { newSigner } from '../compliance/bus-harness.ts';
import { startNetwork, type TestNetwork } from './test-network.ts';

const RULES: readonly SubjectRule[] = SUBJECTS;
const OTHER = newSigner().id;
/** Nobody may publish it. */
const LAST = 'nobody.may';
/** A busy machine takes its time. */
const WAIT = { timeout: 10_000 };
let net: TestNetwork;
beforeAll(async () => {
  net = await startNetwork();
});
afterAll(() => net.stop());

/** Subjects that the broker refused to this connection among those tried. */
async function refusedOf(nats: NatsConnection, tryAll: () => void): Promise<Set<string>> {
  const refused = new Set<string>();
  const status = nats.status();
  const follow = (async () => {
    for await (const s of status)
      if (s.type === 'error' && s.error instanceof PermissionViolationError) refused.add(s.error.subject);
  })();
  tryAll();
  // The server refuses in order, so this one's refusal is the last. Closing sooner would lose what the client still holds.
  nats.publish(LAST);
  await vi.waitFor(() => expect(refused).toContain(LAST), WAIT);
  refused.delete(LAST);
  await nats.close();
  await follow;
  return refused;
}

const concrete = (pattern: string, id: string): string =>
  pattern.replace('{self}', id).replace('>', 'x').replaceAll('*', 'x');

describe.each(ACTOR_KINDS)('%s', (kind: ActorKind) => {
  test('publishes on its own subjects of the table and on nothing else', async () => {
    const { nats, id } = await net.join(kind);
    const may = new Set(RULES.filter((r) => r.publish.includes(kind)).map((r) => concrete(r.pattern, id)));
    const all = new Set(RULES.flatMap((r) => [concrete(r.pattern, id), concrete(r.pattern, OTHER)]));
    for (const more of [
      '_INBOX.someone.x',
      '$JS.API.INFO',
      '$JS.API.STREAM.DELETE.MBOX',
      '$SYS.REQ.SERVER.PING',
      'free.subject',
    ])
      all.add(more);
    const open = new Set(
      RULES.filter((r) => r.publish.includes(kind) && !r.pattern.includes('{self}')).map((r) => r.pattern),
    );
    const isOpen = (s: string): boolean => [...open].some((p) => p.split('.')[0] === s.split('.')[0]);
    const refused = await refusedOf(nats, () => all.forEach((s) => nats.publish(s, 'x')));
    expect([...refused].toSorted()).toEqual([...all].filter((s) => !may.has(s) && !isOpen(s)).toSorted());
  });

  test('hears its subjects of the table and nothing else', async () => {
    const { nats, id } = await net.join(kind);
    const hears = (r: SubjectRule): string => r.pattern.replace('{self}', r.publish.length === 0 ? id : '*');
    const may = new Set(RULES.filter((r) => r.subscribe.includes(kind)).map(hears));
    const all = new Set([
      '>',
      '_INBOX.>',
      `_INBOX.${OTHER}.>`,
      '$JS.API.>',
      '$SYS.>',
      `in.v1.${OTHER}.*`,
      `ctl.v1.${OTHER}`,
      'cs.v1.>',
    ]);
    for (const r of RULES) all.add(r.pattern.replace('{self}', '*')).add(hears(r));
    const refused = await refusedOf(nats, () =>
      all.forEach((s) => void nats.subscribe(s, { callback: () => undefined })),
    );
    expect([...refused].toSorted()).toEqual([...all].filter((s) => !may.has(s)).toSorted());
  });
});

test('a worker reads back its own mail, and neither another worker’s nor with another filter under its own name', async () => {
  const worker = await net.join('worker');
  const config = (filter: object): string =>
    JSON.stringify({ stream_name: 'MBOX', config: { name: worker.id, ack_policy: 'none', ...filter } });
  const own = `$JS.API.CONSUMER.CREATE.MBOX.${worker.id}.in.v1.${worker.id}.*`;
  const ask = async (filter: object): Promise<string> =>
    (await worker.nats.request(own, config(filter))).json<{ error?: { description: string } }>().error?.description ??
    'made';
  expect(await ask({ filter_subject: `in.v1.${OTHER}.*` })).toMatch(/filter/);
  expect(await ask({ filter_subjects: [`in.v1.${OTHER}.*`] })).toMatch(/filter/);
  expect(await ask({ filter_subjects: [`in.v1.${worker.id}.*`, `in.v1.${OTHER}.*`] })).toMatch(/filter/);
  expect(await ask({})).toMatch(/filter/);
  expect(await ask({ filter_subject: `in.v1.${worker.id}.*` })).toBe('made');
  const forbidden = [
    `$JS.API.CONSUMER.CREATE.MBOX.${worker.id}.in.v1.${OTHER}.*`,
    `$JS.API.CONSUMER.CREATE.MBOX.${OTHER}.in.v1.${OTHER}.*`,
    `$JS.API.CONSUMER.CREATE.MBOX.${worker.id}`,
    `$JS.API.CONSUMER.MSG.NEXT.MBOX.${OTHER}`,
    `$JS.API.CONSUMER.DELETE.MBOX.${OTHER}`,
    '$JS.API.DIRECT.GET.MBOX',
    '$JS.API.STREAM.MSG.GET.MBOX',
    '$JS.API.STREAM.PURGE.MBOX',
    `$JS.API.CONSUMER.CREATE.TX.${worker.id}.tx.v1.*`,
  ];
  const refused = await refusedOf(worker.nats, () => forbidden.forEach((s) => worker.nats.publish(s, '{}')));
  expect([...refused].toSorted()).toEqual(forbidden.toSorted());
});

test('an actor answers a request once, to the inbox that asked', async () => {
  const validator = await net.join('validator');
  const worker = await net.join('worker');
  const replies: string[] = [];
  validator.nats.subscribe(`sync.v1.${validator.id}`, {
    callback: (_e, m) => void (m.respond('one') && m.respond('two')),
  });
  worker.nats.subscribe(`_INBOX.${worker.id}.q`, { callback: (_e, m) => void replies.push(m.string()) });
  await validator.nats.flush();
  worker.nats.publish(`sync.v1.${validator.id}`, '', { reply: `_INBOX.${worker.id}.q` });
  await vi.waitFor(() => expect(replies).toEqual(['one']), WAIT);
  await validator.nats.flush();
  await worker.nats.flush();
  expect(replies).toEqual(['one']);
  await Promise.all([validator.nats.close(), worker.nats.close()]);
});

test('an unknown key, no key, and the browsers’ name do not open the actors’ port', async () => {
  const refusal = { name: 'AuthorizationError' };
  await expect(
    connect({ servers: net.broker.url, authenticator: nkeyAuthenticator(newSigner()) }),
  ).rejects.toMatchObject(refusal);
  await expect(connect({ servers: net.broker.url })).rejects.toMatchObject(refusal);
  await expect(connect({ servers: net.broker.url, user: 'public', pass: 'public' })).rejects.toMatchObject(refusal);
});

test('a known key with another key’s signature does not connect', async () => {
  const { id } = await net.join('worker');
  const thief = newSigner();
  const authenticator = nkeyAuthenticator({ id, sign: thief.sign });
  await expect(connect({ servers: net.broker.url, authenticator })).rejects.toMatchObject({
    name: 'AuthorizationError',
  });
});

describe('a browser', () => {
  test('reads the public feed, hears nothing else and publishes nothing', async () => {
    const gateway = await net.join('gateway');
    const browser = await wsconnect({ servers: net.broker.ws_url });
    const seen: string[] = [];
    browser.subscribe('pub.v1.>', { callback: (_e, m) => void seen.push(m.string()) });
    await browser.flush();
    gateway.nats.publish('pub.v1.console', 'height 7');
    await vi.waitFor(() => expect(seen).toEqual(['height 7']), WAIT);
    const forbidden = ['pub.v1.console', `tx.v1.${OTHER}`, '$JS.API.INFO', `_INBOX.${OTHER}.x`];
    const unheard = ['>', 'blk.v1.*', 'hb.v1.*', 'in.v1.*.*', '_INBOX.>'];
    const refused = await refusedOf(browser, () => {
      for (const s of forbidden) browser.publish(s, 'x');
      for (const s of unheard) browser.subscribe(s, { callback: () => undefined });
    });
    expect([...refused].toSorted()).toEqual([...forbidden, ...unheard].toSorted());
    await gateway.nats.close();
  });

  test('of a page from elsewhere is turned away', async () => {
    expect(await net.upgradeStatus('http://evil.example')).toBe(403);
    expect(await net.upgradeStatus(net.origin)).toBe(101);
  });
});
