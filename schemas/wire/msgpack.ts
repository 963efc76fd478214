// MessagePack as this network uses it: one encoder, one strict decoder.
import { Packr } from 'msgpackr';
import type { z } from 'zod';
import { accept, type Result, refuse } from './codes.ts';
import { Reader, type Wire } from './reader.ts';

/** Plain maps with plain keys; a bigint is always an int64, so numbers and bigints keep apart on the way back. */
const packr = new Packr({ useRecords: false, int64AsType: 'bigint', variableMapSize: true });

/** Bytes of a value; keys keep their order. Not canonical: sign and hash the bytes, never a second encoding of them. */
export const encode = (value: unknown): Uint8Array => packr.encode(value);

/** The value in exactly these bytes. Refusal: BODY_MALFORMED. */
export function decode(bytes: Uint8Array): Result<Wire> {
  const reader = new Reader(bytes);
  const value = reader.value();
  return reader.isDone ? accept(value) : refuse('BODY_MALFORMED', `at byte ${reader.position}`);
}

/** A value of the schema in exactly these bytes. Refusals: BODY_MALFORMED, SCHEMA_MISMATCH with the first field at fault. */
export function decodeBody<T extends z.ZodType>(schema: T, bytes: Uint8Array): Result<z.output<T>> {
  const got = decode(bytes);
  return got.ok ? checkBody(schema, got.value) : got;
}

/** A decoded value, if it is one of the schema. Refusal: SCHEMA_MISMATCH with the first field at fault. */
export function checkBody<T extends z.ZodType>(schema: T, value: Wire): Result<z.output<T>> {
  const checked = schema.safeParse(value);
  return checked.success ? accept(checked.data) : refuse('SCHEMA_MISMATCH', firstIssue(checked.error));
}

/** Names our own field, never the sender's text: details end up in logs. */
function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue === undefined ? '' : `${issue.path.join('.')} ${issue.code}`.slice(0, 120);
}
