// The verifier against every change of a bundle: each is refused with its exit code.
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { formatPolicy } from '#machines/settlement/checkpoint-policy.ts';
import { buildBundle } from '#runtime/archive/bundle.ts';
import { verifyBundle } from '#runtime/archive/verify.ts';
import { verifyExitCode } from '#runtime/archive/verify-exit.ts';
import { reportJson, reportLines } from '#runtime/archive/verify-report.ts';
import { forgeBundle, publishBundle } from './bundle-folder.ts';
import { at, entry, NETWORK, noteBy, PAYMENTS, POLICY, recordBlocks, rowsOf } from './network.ts';

const dir = await mkdtemp(join(tmpdir(), 'verify-'));
afterAll(() => rm(dir, { recursive: true }));
const good = await publishBundle(dir, rowsOf(PAYMENTS));

const outcome = (folder: string, trusted?: string) => {
  const result = verifyBundle(folder, trusted);
  return { code: result.ok ? 'good' : result.code, exit: verifyExitCode(result) };
};
let copies = 0;
/** A copy of the good bundle, to be spoiled. */
async function copy(): Promise<string> {
  const folder = join(dir, `copy-${copies++}`);
  await cp(good, folder, { recursive: true });
  return folder;
}

test('a published bundle verifies and says what was paid and what it trusts', () => {
  const result = verifyBundle(good);
  expect(result).toMatchObject({
    ok: true,
    value: { network: NETWORK, quorum: 3, policy_size: 4, is_policy_pinned: false },
  });
  const json: unknown = JSON.parse(reportJson(result));
  expect(json).toMatchObject({
    verified: true,
    origin: `${NETWORK}/settlement`,
    size: 3,
    cosigned_by: [{ time: '2023-11-14T22:13:20Z' }, {}, {}],
    settlements: [
      { seq: 0, sums: { credit: '0' } },
      {},
      { sums: { credit: '0', stake: '0' }, entries: [{ difference: '-1152921504606846976' }, {}, {}, {}] },
    ],
    archive: 'embedded',
    anchor: 'none',
  });
  expect(reportLines(result).join('\n')).toMatch(/^VERIFIED {2}3 settlements[^]*NOT PINNED[^]*\+80 {2}worker-a/);
});

test('one byte flipped anywhere in a bundle is refused', async () => {
  const folder = await copy();
  const exits = new Set<number>();
  for (const name of await readdir(folder)) {
    const bytes = await readFile(join(folder, name));
    for (let i = 0; i < bytes.length; i++) {
      const flipped = Buffer.from(bytes);
      flipped.writeUInt8(flipped.readUInt8(i) ^ (1 << (i % 8)), i);
      await writeFile(join(folder, name), flipped);
      exits.add(outcome(folder).exit);
    }
    await writeFile(join(folder, name), bytes);
  }
  expect(outcome(folder).exit).toBe(0);
  // Each file is bound by another: the texts by the CAR, the signature lines by the proof, the proof by the checkpoint.
  expect([...exits]).toEqual([2]);
}, 60_000);

test.each(['bundle.car', 'checkpoint', 'policy', 'README.txt', '2.tlog-proof'])(
  'a bundle without %s is refused',
  async (name) => {
    const folder = await copy();
    await rm(join(folder, name));
    expect(outcome(folder).exit).toBe(2);
  },
);

test('a file too many is refused: nothing unchecked lies in a bundle', async () => {
  const folder = await copy();
  await writeFile(join(folder, 'note.txt'), 'trust me');
  expect(outcome(folder)).toEqual({ code: 'BUNDLE_INCOMPLETE', exit: 2 });
});

test.each([
  ['two of four cosigners', 'QUORUM_SHORT', (text: string) => noteBy(text, [0, 1])],
  ['one validator twice', 'COSIGNER_REPEATED', (text: string) => noteBy(text, [0, 1, 1])],
  [
    'an unknown key',
    'COSIGNER_UNKNOWN',
    (text: string) => noteBy(text, [0, 1, 2]).replace(at(POLICY.cosigners, 2).name, `${NETWORK}/ffffffffffffffff`),
  ],
  [
    'a signature over another checkpoint',
    'COSIGNATURE_INVALID',
    (text: string) => noteBy(text.replace('\n3\n', '\n4\n'), [0, 1, 2]).replace('\n4\n', '\n3\n'),
  ],
  ['no signatures', 'CHECKPOINT_MALFORMED', (text: string) => `${text}\n`],
])('%s: exit 3', async (what, code, note) => {
  expect(outcome(await forgeBundle(dir, what, PAYMENTS, note))).toEqual({ code, exit: 3 });
});

test('the log of another network under this policy: exit 3', async () => {
  expect(outcome(await forgeBundle(dir, 'origin', PAYMENTS, undefined, 'other-net'))).toEqual({
    code: 'COSIGN_ORIGIN_WRONG',
    exit: 3,
  });
});

test('a record that mints money is refused though a quorum signed it: exit 5', async () => {
  const minting = [...PAYMENTS, [entry('credit', 'escrow:j4', -5n), entry('credit', 'thief', 6n)]];
  expect(outcome(await forgeBundle(dir, 'mint', minting))).toEqual({ code: 'RECORD_NOT_ZERO_SUM', exit: 5 });
});

test('a record whose state root is wrong is refused though a quorum signed it', async () => {
  const rows = rowsOf(PAYMENTS).map((row) => ({ ...row, state_root: new Uint8Array(32) }));
  await expect(publishBundle(dir, rows)).rejects.toMatchObject({ code: 'SETTLEMENT_REFUSED' });
});

test('a policy that the user pinned must be the one of the bundle', () => {
  const text = formatPolicy(POLICY);
  expect(outcome(good, text).exit).toBe(0);
  expect(outcome(good, `# from the operator's site\n${text}`).exit).toBe(0);
  const result = verifyBundle(good, text);
  expect(result.ok && result.value.is_policy_pinned).toBe(true);
  expect(result.ok && outcome(good, `${result.value.policy_digest}\n`).exit).toBe(0);
  expect(outcome(good, text.replace('validators 3', 'validators 4'))).toEqual({ code: 'POLICY_NOT_TRUSTED', exit: 3 });
  expect(outcome(good, '0'.repeat(64))).toEqual({ code: 'POLICY_NOT_TRUSTED', exit: 3 });
  expect(outcome(good, 'nonsense')).toEqual({ code: 'POLICY_MALFORMED', exit: 3 });
});

test('a folder that is not there is not checked: exit 1', () => {
  expect(outcome(join(dir, 'nowhere'))).toEqual({ code: 'BUNDLE_UNREADABLE', exit: 1 });
});

test('records in any order of arrival give the same CAR', async () => {
  const blocks = recordBlocks(rowsOf(PAYMENTS));
  const car = await readFile(join(good, 'bundle.car'));
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 2, 0],
    [1, 0, 2],
  ])
    expect(
      Buffer.compare(
        buildBundle(
          NETWORK,
          POLICY,
          order.map((i) => at(blocks, i)),
        ).car,
        car,
      ),
    ).toBe(0);
});
