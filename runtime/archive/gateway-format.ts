// Which answer a gateway request asks for: query first, then Accept (IPFS trustless gateway, Request; RFC 9110 §12.5.1).

export type DagScope = 'block' | 'entity' | 'all';
/** What to send; or the status that refuses. `isFromAccept`: the address alone does not say it. */
export type Format =
  | { readonly type: 'raw'; readonly isFromAccept: boolean }
  | { readonly type: 'car'; readonly scope: DagScope; readonly isFromAccept: boolean }
  | { readonly type: 'refused'; readonly status: 400 | 406; readonly why: string };

const RAW = 'application/vnd.ipld.raw';
const CAR = 'application/vnd.ipld.car';
/** What our CARs are: version 1, depth first, each block once. `unk` promises less, so it is met too. */
const CAR_PARAMS: Readonly<Record<string, readonly string[]>> = { version: ['1'], order: ['dfs', 'unk'], dups: ['n'] };

/** Negotiate: `format` wins over Accept; without either the gateway has nothing that it may send. */
export function negotiate(query: URLSearchParams, accept: string | undefined): Format {
  const asked = query.get('format');
  if (asked === 'raw') return { type: 'raw', isFromAccept: false };
  if (asked === 'car') return carFormat(query, {}, false);
  if (asked !== null) return refused(400, `format=${asked} is not served: use raw or car`);
  if (accept === undefined || accept === '')
    return refused(400, 'say which format: ?format=raw, ?format=car or an Accept header');
  const choice = mediaRanges(accept).find(({ type }) => type === RAW || type === CAR);
  if (choice === undefined) return refused(406, `only ${RAW} and ${CAR} are served`);
  return choice.type === RAW ? { type: 'raw', isFromAccept: true } : carFormat(query, choice.params, true);
}

function carFormat(query: URLSearchParams, params: Readonly<Record<string, string>>, isFromAccept: boolean): Format {
  for (const [name, served] of Object.entries(CAR_PARAMS)) {
    const value = query.get(`car-${name}`) ?? params[name];
    if (value !== undefined && !served.includes(value)) return refused(406, `CAR ${name}=${value} is not served`);
  }
  const scope = query.get('dag-scope') ?? (query.has('entity-bytes') ? 'entity' : 'all');
  if (scope !== 'block' && scope !== 'entity' && scope !== 'all') return refused(400, `dag-scope=${scope} is unknown`);
  return { type: 'car', scope, isFromAccept };
}

type MediaRange = { readonly type: string; readonly params: Readonly<Record<string, string>>; readonly q: number };

/** The header's media ranges that are wanted at all, best first, equal ones in the client's order. */
function mediaRanges(accept: string): readonly MediaRange[] {
  const ranges = accept.split(',').map((range): MediaRange => {
    const [type = '', ...pairs] = range.split(';').map((part) => part.trim().toLowerCase());
    const params = Object.fromEntries(
      pairs.map((pair) => pair.split('=', 2) as [string, string?]).map(([k, v = '']) => [k, v]),
    );
    return { type, params, q: Number(params['q'] ?? 1) };
  });
  return ranges.filter(({ q }) => q > 0).toSorted((x, y) => y.q - x.q);
}

const refused = (status: 400 | 406, why: string): Format => ({ type: 'refused', status, why });
