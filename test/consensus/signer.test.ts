// The signer never signs two things in one place and never goes back, whatever the machine asks for, also after a restart.
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MonotonicSigner, type Place, readSignerRecord } from '#runtime/consensus/signer.ts';
import { signer, verify } from '#runtime/keys/ed25519.ts';
import { MemoryDisk, openMemoryStore } from '#runtime/store/memory-store.ts';
import { SIGN_BYTES } from '#schemas/consensus/vote-codec.ts';

const key = signer(randomBytes(32));
const bytes = (fill: number): Uint8Array => new Uint8Array(SIGN_BYTES).fill(fill);
const at = (height: number, round: number, step: Place['step']): Place => ({ height, round, step });

test('signs what comes later, with its key', () => {
  const mine = new MonotonicSigner(key.sign, undefined);
  for (const place of [at(1, 0, 0), at(1, 0, 1), at(1, 0, 2), at(1, 1, 1), at(2, 0, 0)]) {
    const signed = mine.sign(place, bytes(1));
    expect(signed.ok && verify(key.id, bytes(1), signed.value.signature)).toBe(true);
  }
});

test('the same bytes in the same place get the same signature', () => {
  const mine = new MonotonicSigner(key.sign, undefined);
  expect(mine.sign(at(1, 0, 1), bytes(1))).toEqual(mine.sign(at(1, 0, 1), bytes(1)));
});

test('vouches for what it signed last, and for nothing else', () => {
  const mine = new MonotonicSigner(key.sign, undefined);
  const foreign = key.sign(bytes(2));
  expect(mine.hasSigned(bytes(2), foreign)).toBe(false);
  const signed = mine.sign(at(1, 0, 1), bytes(1));
  if (!signed.ok) throw new Error(signed.code);
  expect(mine.hasSigned(bytes(1), signed.value.signature)).toBe(true);
  expect(mine.hasSigned(bytes(2), signed.value.signature)).toBe(false);
  expect(mine.hasSigned(bytes(1), foreign)).toBe(false);
});

test.each([
  ['other bytes in the same place', at(5, 2, 1)],
  ['an earlier step', at(5, 2, 0)],
  ['an earlier round', at(5, 1, 2)],
  ['an earlier height', at(4, 9, 2)],
])('refuses %s', (_, place) => {
  const mine = new MonotonicSigner(key.sign, undefined);
  mine.sign(at(5, 2, 1), bytes(1));
  expect(mine.sign(place, bytes(2))).toMatchObject({ ok: false, code: 'SIGNER_CONFLICT' });
});

test('what is on disk binds the next process', async () => {
  const store = openMemoryStore(new MemoryDisk());
  const signed = new MonotonicSigner(key.sign, undefined).sign(at(5, 2, 1), bytes(1));
  if (!signed.ok) throw new Error(signed.code);
  await store.batch([signed.value.op]);
  const next = new MonotonicSigner(key.sign, await readSignerRecord(store));
  expect(next.sign(at(5, 2, 1), bytes(2))).toMatchObject({ ok: false, code: 'SIGNER_CONFLICT' });
  expect(next.sign(at(5, 2, 1), bytes(1))).toMatchObject({ ok: true, value: { op: signed.value.op } });
});

test('a record that fails its checksum stops the validator', async () => {
  const disk = new MemoryDisk();
  const signed = new MonotonicSigner(key.sign, undefined).sign(at(5, 2, 1), bytes(1));
  if (!signed.ok || signed.value.op.type !== 'put') throw new Error('a new signer signs');
  const torn = Uint8Array.from(signed.value.op.value, (byte, i) => (i === 20 ? byte ^ 1 : byte));
  await openMemoryStore(disk).batch([{ ...signed.value.op, value: torn }]);
  await expect(readSignerRecord(openMemoryStore(disk))).rejects.toMatchObject({ code: 'LOG_CORRUPT' });
});

test('no sequence of requests gets two different statements signed in one place', () => {
  const request = fc.tuple(
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 0, max: 2 }),
    fc.constantFrom<Place['step'][]>(0, 1, 2),
    fc.nat(2),
  );
  fc.assert(
    fc.property(fc.array(request, { maxLength: 30 }), (requests) => {
      const mine = new MonotonicSigner(() => new Uint8Array(64), undefined);
      const signed = new Map<string, number>();
      const isOnlyOne = requests.every(([height, round, step, fill]) => {
        const place = `${height}/${round}/${step}`;
        if (!mine.sign(at(height, round, step), bytes(fill)).ok) return true;
        const isConsistent = (signed.get(place) ?? fill) === fill;
        signed.set(place, fill);
        return isConsistent;
      });
      expect(isOnlyOne).toBe(true);
    }),
  );
});
