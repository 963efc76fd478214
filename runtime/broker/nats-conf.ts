// The broker's configuration as text: who may connect, and what each may do. No secrets: users are public keys.
import { HANDSHAKE_MS } from '#runtime/bus/connection.ts';
import { nkeyOf } from '#runtime/keys/nkey.ts';
import {
  MAX_BROKER_CONNECTIONS,
  MAX_BROKER_FILE_BYTES,
  MAX_BROKER_MEMORY_BYTES,
  MAX_MESSAGE_BYTES,
} from '#schemas/wire/limits.ts';
import type { ActorKind } from '#schemas/wire/subjects.ts';
import { type Permissions, permissionsOf, provisionerPermissions } from './permissions.ts';

/** An actor that may connect. */
export type BrokerUser = { readonly id: string; readonly kind: ActorKind };

export type NatsConfOptions = {
  /** TCP port for actors and port for browsers; −1 takes a free one. */
  readonly port: number;
  readonly ws_port: number;
  /** Folder of the streams. */
  readonly store_dir: string;
  readonly users: readonly BrokerUser[];
  /** Public key of the identity that provisions the streams; without it nobody may. */
  readonly provisioner?: string;
  /** Web origins whose pages may connect, e.g. the gateway's; with none named, any page may read what is public. */
  readonly origins: readonly string[];
  /** Its place among several servers that are one broker; without it the server stands alone. */
  readonly cluster?: ClusterPlace;
};

export type ClusterPlace = {
  /** Unique in the cluster: JetStream knows its servers by it. */
  readonly server_name: string;
  /** Where the other servers reach this one. */
  readonly port: number;
  /** Of all servers of the cluster, this one too. */
  readonly ports: readonly number[];
};

/** Loopback only: other machines come in by a broker that speaks TLS, never by this one. */
const HOST = '127.0.0.1';

const NAME = 'sortition';

/** Configuration for nats-server, in its own format. */
export function renderNatsConf(o: NatsConfOptions): string {
  return `server_name: ${o.cluster?.server_name ?? NAME}
host: "${HOST}"
port: ${o.port}
max_payload: ${MAX_MESSAGE_BYTES}
max_connections: ${MAX_BROKER_CONNECTIONS}

jetstream {
  store_dir: ${JSON.stringify(o.store_dir)}
  max_memory_store: ${MAX_BROKER_MEMORY_BYTES}
  max_file_store: ${MAX_BROKER_FILE_BYTES}
}
${o.cluster === undefined ? '' : clusterText(o.cluster)}
websocket {
  host: "${HOST}"
  port: ${o.ws_port}
  no_tls: true
  no_auth_user: public
  allowed_origins: ${JSON.stringify(o.origins)}
}

authorization {
  timeout: ${HANDSHAKE_MS / 1_000}
  users: [
${userLines(o).join('\n')}
  ]
}
`;
}

/** Actors know all addresses from their start: servers that advertised themselves would lead them past whatever stands between. */
function clusterText({ port, ports }: ClusterPlace): string {
  return `
cluster {
  name: ${NAME}
  host: "${HOST}"
  port: ${port}
  no_advertise: true
  routes: ${JSON.stringify(ports.map((one) => `nats-route://${HOST}:${one}`))}
}
`;
}

function userLines(o: NatsConfOptions): string[] {
  const provisioner =
    o.provisioner === undefined ? [] : [nkeyLine(o.provisioner, provisionerPermissions(o.provisioner))];
  const actors = o.users.map(({ id, kind }) => nkeyLine(id, permissionsOf(kind, id)));
  // A name and password that everybody may know: it opens the WebSocket alone, and reads alone.
  const browser = `user: public, password: public, allowed_connection_types: [WEBSOCKET], ${permissionsText(permissionsOf('public', ''))}`;
  return [`    { ${browser} }`, ...provisioner, ...actors];
}

const nkeyLine = (id: string, permissions: Permissions): string =>
  `    { nkey: ${nkeyOf(id)}, ${permissionsText(permissions)} }`;

function permissionsText({ publish, subscribe, responds }: Permissions): string {
  // An empty allow list would allow everything: say what is denied instead.
  const may = publish.length === 0 ? '{ deny: ">" }' : JSON.stringify(publish);
  const answers = responds ? ', allow_responses: { max: 1, expires: "10s" }' : '';
  return `permissions: { publish: ${may}, subscribe: ${JSON.stringify(subscribe)}${answers} }`;
}
