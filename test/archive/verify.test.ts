// The verifier against every change of a bundle: each is refused with its exit code.
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { formatPolicy } from '#machines/settlement/checkpoint-policy.ts';
import { buildBundle } from '#runtime/archive/bundle.ts';
import { type Trust, verifyBundle } from '#runtime/archive/verify.ts';
import { verifyExitCode } from '#runtime/archive/verify-exit.ts';
import { reportJson, reportLines } from '#runtime/archive/verify-report.ts';
import { encodeHandovers, type Handover } from '#schemas/consensus/handover-codec.ts';
import { forgeBundle, publishBundle } from './bundle-folder.ts';
import { ANCHOR, at, entry, handoversTo, NETWORK, noteBy, PAYMENTS, POLICY, recordBlocks, rowsOf } from './network.ts';

const dir = await mkdtemp(join(tmpdir(), 'verify-'));
afterAll(() => rm(dir, { recursive: true }));
const good = await publishBundle(dir, rowsOf(PAYMENTS));

const outcome = (folder: string, trust?: Trust) => {
  const result = verifyBundle(folder, trust);
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
    value: { network: NETWORK, quorum: 3, policy_size: 4, policy_from: 'bundle' },
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
    // Every byte; of the sets, each of which costs nine signatures, one in seventeen.
    const [trust, step] = name === 'sets' ? [{ anchor: ANCHOR }, 17] : [{}, 1];
    const bytes = await readFile(join(folder, name));
    for (let i = 0; i < bytes.length; i += step) {
      const flipped = Buffer.from(bytes);
      flipped.writeUInt8(flipped.readUInt8(i) ^ (1 << (i % 8)), i);
      await writeFile(join(folder, name), flipped);
      exits.add(outcome(folder, trust).exit);
    }
    await writeFile(join(folder, name), bytes);
  }
  expect(outcome(folder).exit).toBe(0);
  // Each file is bound by another: the texts by the CAR, the signature lines by the proof, the proof by the checkpoint; the sets by
  // the one that is trusted, so their flips are a false quorum.
  expect(exits).toEqual(new Set([2, 3]));
}, 60_000);

test.each(['bundle.car', 'checkpoint', 'policy', 'README.txt', 'sets', '2.tlog-proof'])(
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
  expect(outcome(good, { policy: text }).exit).toBe(0);
  expect(outcome(good, { policy: `# from the operator's site\n${text}` }).exit).toBe(0);
  const result = verifyBundle(good, { policy: text });
  expect(result.ok && result.value.policy_from).toBe('user');
  expect(result.ok && outcome(good, { policy: `${result.value.policy_digest}\n` }).exit).toBe(0);
  expect(outcome(good, { policy: text.replace('validators 3', 'validators 4') })).toEqual({
    code: 'POLICY_NOT_TRUSTED',
    exit: 3,
  });
  expect(outcome(good, { policy: '0'.repeat(64) })).toEqual({ code: 'POLICY_NOT_TRUSTED', exit: 3 });
  expect(outcome(good, { policy: 'nonsense' })).toEqual({ code: 'POLICY_MALFORMED', exit: 3 });
});

describe('from a set that the user trusts', () => {
  test('the bundle leads to the set that cosigned it, in a later epoch', () => {
    const result = verifyBundle(good, { anchor: ANCHOR });
    expect(result).toMatchObject({ ok: true, value: { policy_from: 'sets' } });
    expect(reportLines(result).join('\n')).toContain('handed the chain over');
    expect(JSON.parse(reportJson(result))).toMatchObject({ policy: { is_pinned: true, from: 'sets' } });
  });

  const sets = async (bend: (handovers: readonly Handover[]) => readonly Handover[]): Promise<string> => {
    const folder = await copy();
    await writeFile(join(folder, 'sets'), encodeHandovers(bend(await handoversTo(3))));
    return folder;
  };
  test.each<[string, (handovers: readonly Handover[]) => readonly Handover[]]>([
    ['nothing leads there', () => []],
    ['a link is missing', (all) => all.toSpliced(1, 1)],
    ['the last link is missing', (all) => all.slice(0, -1)],
    ['links are in another order', (all) => all.toReversed()],
    [
      'a quorum did not sign a link',
      (all) =>
        all.map((one, i) =>
          i === 1 ? { ...one, certificate: { ...one.certificate, votes: one.certificate.votes.slice(1) } } : one,
        ),
    ],
    [
      'a link names another set',
      (all) => all.map((one) => ({ ...one, membership: all[0]?.membership ?? one.membership })),
    ],
  ])('%s: exit 3', async (_what, bend) => {
    const folder = await sets(bend);
    expect(outcome(folder, { anchor: ANCHOR })).toEqual({ code: 'POLICY_NOT_TRUSTED', exit: 3 });
    expect(outcome(folder).exit).toBe(0); // who trusts the bundle's own policy asks for no set
  });

  test('cosigners that are not those of the set: exit 3', async () => {
    const { validators } = ANCHOR.set;
    const strangers = validators.map((each, i) => ({ ...each, cosigner: validators[(i + 1) % 4]?.cosigner ?? '' }));
    const set = { ...ANCHOR.set, epoch: 3, validators: strangers };
    expect(outcome(good, { anchor: { network: NETWORK, set } })).toEqual({ code: 'POLICY_NOT_TRUSTED', exit: 3 });
    expect(outcome(good, { anchor: { ...ANCHOR, network: 'other-net' } }).exit).toBe(3);
  });

  test('bytes that are no sets: exit 2', async () => {
    const folder = await copy();
    await writeFile(join(folder, 'sets'), 'sets');
    expect(outcome(folder, { anchor: ANCHOR })).toEqual({ code: 'BUNDLE_MALFORMED', exit: 2 });
  });
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
