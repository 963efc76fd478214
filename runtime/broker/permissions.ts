// What the broker lets an actor publish and hear, generated from the subject table: nobody can speak as somebody else.
import { inboxOf } from '#runtime/bus/connection.ts';
import { STREAM_DELETED } from '#runtime/bus/provision.ts';
import { STREAMS, type StreamName, streamOf } from '#runtime/bus/streams.ts';
import { type Peer, SUBJECTS, type SubjectRule } from '#schemas/wire/subjects.ts';

/** Lists of subjects; what is not on them is refused by the broker. */
export type Permissions = {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  /** Whether it may answer requests: one message to the inbox that asked. */
  readonly responds: boolean;
};

/** @param id the actor's public key in hex; ignored for `public` */
export function permissionsOf(kind: Peer, id: string): Permissions {
  const rules: readonly SubjectRule[] = SUBJECTS;
  const hears = rules.filter((rule) => rule.subscribe.includes(kind));
  const subscribe = hears.map((rule) => rule.pattern.replace('{self}', rule.publish.length === 0 ? id : '*'));
  const publish = rules.filter((rule) => rule.publish.includes(kind)).map((rule) => rule.pattern.replace('{self}', id));
  if (kind === 'public') return { publish, subscribe, responds: false };
  return {
    publish: [...publish, ...subscribe.flatMap((pattern) => historyApi(pattern, id))],
    subscribe: [...subscribe, `${inboxOf(id)}.>`],
    responds: hears.some((rule) => rule.publish.length === 0),
  };
}

/** To read back what it may hear anyway: one short-lived consumer a stream, named after the actor, with this filter and no other. */
function historyApi(pattern: string, id: string): string[] {
  const stream = streamOf(pattern);
  if (stream === undefined) return [];
  const consumer = `${stream}.${id}`;
  return [
    `$JS.API.CONSUMER.CREATE.${consumer}.${pattern}`,
    `$JS.API.CONSUMER.MSG.NEXT.${consumer}`,
    `$JS.API.CONSUMER.DELETE.${consumer}`,
  ];
}

/** The network's own hand on its streams: it may make, look at, change and drop them, and read no message. */
export function provisionerPermissions(id: string): Permissions {
  const names = Object.keys(STREAMS) as StreamName[];
  return {
    publish: names.map((name) => `$JS.API.STREAM.*.${name}`),
    subscribe: [`${inboxOf(id)}.>`, STREAM_DELETED],
    responds: false,
  };
}
