// Whether a message of the feed is the gateway's own: envelope, network, sender, signature. The broker vouches for nothing.
import type { ConsoleView } from '#schemas/node/console.ts';
import { CONSOLE_VIEW_KIND } from '#schemas/node/console-kind.ts';
import { decodeEnvelope } from '#schemas/wire/envelope-codec.ts';
import { Reader } from '#schemas/wire/reader.ts';
import type { Network } from './feed.ts';

type Check = (signature: Uint8Array, signed: Uint8Array) => Promise<boolean>;
/** The view in these bytes; undefined for anything that this gateway did not sign. */
export type ReadView = (wire: Uint8Array) => Promise<ConsoleView | undefined>;

export function createVerifier({ chain, gateway }: Network): ReadView {
  const check = verifierOf(fromHex(gateway));
  return async (wire) => {
    const got = decodeEnvelope(wire);
    if (!got.ok) return undefined;
    const { envelope, signed, signature } = got.value;
    const [item] = envelope.items;
    const isOurs = envelope.network === chain && envelope.sender === gateway && item?.kind === CONSOLE_VIEW_KIND;
    if (!isOurs || !(await (await check)(signature, signed))) return undefined;
    const reader = new Reader(item.body);
    const value = reader.value();
    // Signed by the gateway that serves this page: its shape is what the gateway's schema says.
    return reader.isDone ? (value as unknown as ConsoleView) : undefined;
  };
}

/** The browser's own Ed25519; where it has none, or the page is in no secure context, the pure one. */
async function verifierOf(key: Uint8Array<ArrayBuffer>): Promise<Check> {
  try {
    const imported = await crypto.subtle.importKey('raw', key, 'Ed25519', false, ['verify']);
    return (signature, signed) => crypto.subtle.verify('Ed25519', imported, own(signature), own(signed));
  } catch {
    const { verifyPure } = await import('./verify-pure.ts');
    return async (signature, signed) => verifyPure(signature, signed, key);
  }
}

/** The DOM's types want bytes that no other thread shares. */
const own = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);
const fromHex = (hex: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
