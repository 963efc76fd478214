// The log gives back what was recorded; a torn last record is cut off, a rotten one inside stops the validator.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { crc32c } from '#runtime/consensus/crc32c.ts';
import type { RecordedInput } from '#runtime/consensus/input-codec.ts';
import { HeightLog, openLog } from '#runtime/consensus/log.ts';
import { MemoryDisk, openMemoryStore } from '#runtime/store/memory-store.ts';
import { signVote, validatorSet } from './network.ts';

const vote = signVote(validatorSet(4), {
  type: 'prevote',
  epoch: 0,
  height: 7,
  round: 0,
  value: 'a'.repeat(64),
  valid_round: -1,
  validator: 2,
});
const INPUTS: readonly RecordedInput[] = [
  { type: 'started', now_ms: 1_700_000_000_000 },
  { type: 'work.arrived', now_ms: 1_700_000_000_001 },
  { type: 'vote.received', vote, now_ms: 1_700_000_000_002 },
  {
    type: 'certificate.received',
    certificate: { type: 'polka', height: 7, round: 0, value: vote.value, votes: [vote] },
    now_ms: 5,
  },
  { type: 'beacon.recovered', height: 6, signature: new Uint8Array(96).fill(3), now_ms: 6 },
  { type: 'timer.fired', id: 'propose/7/0', now_ms: 1_700_000_000_400 },
];

async function written(): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const log = new HeightLog(7, 0);
  for (const input of INPUTS) {
    log.append(input);
    await openMemoryStore(disk).batch(log.take());
  }
  return disk;
}
const keyOf = (disk: MemoryDisk, at: number): string => [...disk.rows.keys()].toSorted().at(at) ?? '';

test('the checksum is CRC-32C (RFC 3720 appendix B.4)', () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
});

test('the checksum is the polynomial division bit by bit, at any length', () => {
  const bitwise = (bytes: Uint8Array): number => {
    let crc = 0xffffffff;
    for (const byte of bytes) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    }
    return ~crc >>> 0;
  };
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      expect(crc32c(bytes)).toBe(bitwise(bytes));
    }),
  );
});

test('every kind of input comes back as it was', async () => {
  const { inputs } = await openLog(openMemoryStore(await written()), 7);
  expect(inputs).toEqual(INPUTS);
});

test('what one batch brings is one row, in order', async () => {
  const disk = new MemoryDisk();
  const log = new HeightLog(7, 0);
  for (const input of INPUTS) log.append(input);
  await openMemoryStore(disk).batch([...log.take(), ...log.take()]);
  expect(disk.rows.size).toBe(1);
  expect((await openLog(openMemoryStore(disk), 7)).inputs).toEqual(INPUTS);
});

test('another height has a log of its own', async () => {
  expect((await openLog(openMemoryStore(await written()), 8)).inputs).toEqual([]);
});

test('a torn last record is truncated, and the log goes on in its place', async () => {
  const disk = await written();
  const last = keyOf(disk, -1);
  disk.rows.set(last, (disk.rows.get(last) ?? new Uint8Array(0)).slice(0, -3));
  const { inputs, log } = await openLog(openMemoryStore(disk), 7);
  expect(inputs).toEqual(INPUTS.slice(0, -1));
  expect(disk.rows.has(last)).toBe(false);
  log.append({ type: 'work.arrived', now_ms: 9 });
  expect(log.take()[0]?.key).toBe(last);
});

test.each(['a flipped bit', 'a lost row'])('%s before the end stops the validator', async (damage) => {
  const disk = await written();
  const second = keyOf(disk, 1);
  if (damage === 'a lost row') disk.rows.delete(second);
  else
    disk.rows.set(
      second,
      (disk.rows.get(second) ?? new Uint8Array(0)).map((byte, i) => (i === 5 ? byte ^ 1 : byte)),
    );
  await expect(openLog(openMemoryStore(disk), 7)).rejects.toMatchObject({ code: 'LOG_CORRUPT' });
});

test('the end of a height deletes its rows and forgets what was not written', async () => {
  const disk = await written();
  const { log } = await openLog(openMemoryStore(disk), 7);
  log.append({ type: 'work.arrived', now_ms: 9 });
  await openMemoryStore(disk).batch([...log.advance(8), ...log.take()]);
  expect(disk.rows.size).toBe(0);
});
