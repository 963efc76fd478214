// A client hears from the gateway that it chose what each block did to its jobs and transactions.
import { TOLD_KIND, ToldV1 } from '#schemas/node/told.ts';
import { type Code, type Result, refuse } from '#schemas/wire/codes.ts';
import { decodeBody } from '#schemas/wire/msgpack.ts';
import { subject } from '#schemas/wire/subjects.ts';
import type { Bus, Subscription } from '../bus/bus.ts';
import { isAuthentic, open } from '../host/envelopes.ts';
import type { Clock } from '../host/ports.ts';

/** Who listens to whom: chain, gateway and account in hex. */
export type ToldParties = { readonly chain: string; readonly gateway: string; readonly account: string };

export type ToldOptions = ToldParties & {
  readonly bus: Pick<Bus, 'subscribe'>;
  readonly clock: Pick<Clock, 'now_ms'>;
  /** In rising height. @param hasGap news before this one were missed: the API has them */
  readonly onTold: (told: ToldV1, hasGap: boolean) => void;
  readonly onRefused: (code: Code) => void;
};

/** Hear from now on; the answer ends it. What was told before, and what the broker loses, is not repeated. */
export function listenToGateway(options: ToldOptions): Subscription {
  const { bus, clock, account, gateway, onTold, onRefused } = options;
  let latest: ToldV1 | undefined;
  return bus.subscribe(subject.told(account, gateway), ({ data }) => {
    const told = openTold(data, options, clock.now_ms());
    if (!told.ok) return onRefused(told.code);
    if (latest !== undefined && told.value.height <= latest.height) return onRefused('COUNTER_REPLAYED');
    const hasGap = latest !== undefined && told.value.after_height !== latest.height;
    latest = told.value;
    onTold(told.value, hasGap);
  });
}

/**
 * What the gateway told, once it is certain that the gateway said it, to this account, of this chain, and lately.
 * Refusals: those of an envelope, SIGNATURE_INVALID, RECEIVER_UNKNOWN, KIND_UNKNOWN, BODY_MALFORMED, SCHEMA_MISMATCH.
 */
export function openTold(data: Uint8Array, { chain, gateway, account }: ToldParties, now_ms: number): Result<ToldV1> {
  const got = open(data, gateway, chain, now_ms);
  if (!got.ok) return got;
  if (!isAuthentic(got.value)) return refuse('SIGNATURE_INVALID');
  const [item, ...others] = got.value.envelope.items;
  if (item?.kind !== TOLD_KIND || others.length > 0) return refuse('KIND_UNKNOWN');
  return item.to === account ? decodeBody(ToldV1, item.body) : refuse('RECEIVER_UNKNOWN');
}
