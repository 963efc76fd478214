// IPFS trustless gateway over the content store: blocks and CARs that the client verifies itself (specs.ipfs.tech).
// No framework: a request as data in, a response as data out. Paths below a CID, UnixFS and IPNS are not served.
import { CID } from 'multiformats/cid';
import { ArchiveError } from './archive-error.ts';
import { writeCar } from './car.ts';
import { type ArchiveBlock, parseCid } from './cid.ts';
import type { ContentStore } from './content-store.ts';
import { type Walk, walkDag } from './dag-walk.ts';
import { type Format, negotiate } from './gateway-format.ts';

/** Header names in lower case, as Node gives them. */
export type GatewayRequest = {
  readonly method: string;
  /** Path with query: `/ipfs/<cid>?format=raw`. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
};
export type GatewayResponse = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
};

/** What a CID names never changes: a year, the longest that caches honour (path-gateway, Cache-Control). */
const IMMUTABLE = 'public, max-age=29030400, immutable';
/** The identity CID of no bytes: clients probe for a trustless gateway with it. */
const PROBE = 'bafkqaaa';

/** Answer gateway requests from this content store. Never throws for what a client sends. */
export function createTrustlessGateway(content: ContentStore): (request: GatewayRequest) => Promise<GatewayResponse> {
  return async (request) => {
    const response = await respond(content, request);
    return request.method === 'HEAD' ? { ...response, body: new Uint8Array(0) } : response;
  };
}

async function respond(content: ContentStore, { method, url, headers }: GatewayRequest): Promise<GatewayResponse> {
  if (method !== 'GET' && method !== 'HEAD') return failure(405, 'only GET and HEAD', { allow: 'GET, HEAD' });
  const address = URL.parse(url, 'http://gateway.invalid');
  const [, name = '', below] = /^\/ipfs\/([^/]+)(\/.*)?$/.exec(address?.pathname ?? '') ?? [];
  if (address === null || name === '') return failure(404, 'only /ipfs/<cid> is served');
  if (below !== undefined && below !== '/') return failure(400, 'paths below a CID are not served');
  const format = negotiate(address.searchParams, headers['accept']);
  if (format.type === 'refused') return failure(format.status, format.why);
  if (name === PROBE) return probe(format);
  if (!isCid(name)) return failure(400, `${name.slice(0, 128)} is not a CID`);
  const etag = etagOf(name, format);
  try {
    const root = await rootBlock(content, name);
    if (root === undefined) return missing(name, headers);
    if (matches(headers['if-none-match'], etag))
      return { status: 304, headers: { etag, 'cache-control': IMMUTABLE }, body: new Uint8Array(0) };
    return format.type === 'raw' ? rawResponse(root, format, etag) : await carResponse(content, root, format, etag);
  } catch (error) {
    if (error instanceof ArchiveError) return failure(500, error.code);
    throw error;
  }
}

async function rootBlock(content: ContentStore, name: string): Promise<ArchiveBlock | undefined> {
  const cid = parseCid(name);
  const bytes = cid === undefined ? undefined : await content.get(cid);
  return cid === undefined || bytes === undefined ? undefined : { cid, bytes };
}

const rawResponse = ({ cid, bytes }: ArchiveBlock, format: Format, etag: string): GatewayResponse =>
  found(cid, bytes, format, { etag, 'content-type': 'application/vnd.ipld.raw' }, 'bin');

type CarFormat = Extract<Format, { type: 'car' }>;

async function carResponse(
  content: ContentStore,
  root: ArchiveBlock,
  format: CarFormat,
  etag: string,
): Promise<GatewayResponse> {
  const alone: Walk = { blocks: [root], isComplete: true };
  const walked = format.scope === 'all' ? await walkDag(content, root) : alone;
  if (walked === undefined) return failure(413, 'the DAG is too large for one CAR: ask with dag-scope=block');
  const type = { 'content-type': 'application/vnd.ipld.car; version=1; order=dfs; dups=n', 'accept-ranges': 'none' };
  const response = found(root.cid, writeCar(root.cid, walked.blocks), format, { etag, ...type }, 'car');
  // A block that is not here yet may come: nobody may keep the shorter CAR as the whole one.
  return walked.isComplete ? response : { ...response, headers: { ...response.headers, 'cache-control': 'no-store' } };
}

function found(
  cid: CID,
  body: Uint8Array,
  format: Format,
  extra: Readonly<Record<string, string>>,
  suffix: string,
): GatewayResponse {
  const isFromAccept = format.type !== 'refused' && format.isFromAccept;
  const headers = {
    ...extra,
    'cache-control': IMMUTABLE,
    'content-disposition': `attachment; filename="${cid.toString()}.${suffix}"`,
    'content-length': String(body.length),
    'x-content-type-options': 'nosniff',
    'x-ipfs-path': `/ipfs/${cid.toString()}`,
    'x-ipfs-roots': cid.toString(),
    vary: 'Accept',
    ...(isFromAccept ? { 'content-location': `/ipfs/${cid.toString()}?format=${format.type}` } : {}),
  };
  return { status: 200, headers, body };
}

/** The probe has no bytes: an empty block, or a CAR that holds its root and nothing else. */
function probe(format: Format): GatewayResponse {
  const cid = CID.parse(PROBE);
  const isCar = format.type === 'car';
  const type = isCar ? 'application/vnd.ipld.car; version=1; order=dfs; dups=n' : 'application/vnd.ipld.raw';
  const body = isCar ? writeCar(cid, []) : new Uint8Array(0);
  return found(cid, body, format, { etag: etagOf(PROBE, format), 'content-type': type }, isCar ? 'car' : 'bin');
}

const missing = (name: string, headers: GatewayRequest['headers']): GatewayResponse =>
  headers['cache-control']?.includes('only-if-cached') === true
    ? failure(412, `${name} is not in this store`)
    : failure(404, `${name} is not in this store`);

function failure(status: number, why: string, extra: Readonly<Record<string, string>> = {}): GatewayResponse {
  const body = new TextEncoder().encode(`${why}\n`);
  const headers = {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    'content-length': String(body.length),
    ...extra,
  };
  return { status, headers, body };
}

const etagOf = (cid: string, format: Format): string =>
  format.type === 'car' ? `"${cid}.car.${format.scope}"` : `"${cid}.raw"`;

const matches = (ifNoneMatch: string | undefined, etag: string): boolean =>
  ifNoneMatch?.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag) ?? false;

function isCid(text: string): boolean {
  try {
    return CID.parse(text).toString() !== '';
  } catch {
    return false;
  }
}
