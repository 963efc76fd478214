// Draw proofs: made from the ledger's rows as of a certified checkpoint, and verified from nothing but the genesis.
import { expect, test } from 'vitest';
import { SetChain } from '#machines/consensus/set-chain.ts';
import { CertifiedState } from '#runtime/gateway/certified-state.ts';
import { verifyDrawBundle } from '#runtime/gateway/draw-bundle.ts';
import { DrawProofs } from '#runtime/gateway/draw-proofs.ts';
import { genesisElectorate } from '#runtime/node/final-blocks.ts';
import { decodeHeader, encodeHeader } from '#schemas/consensus/block-codec.ts';
import { encodeCertificate } from '#schemas/consensus/certificate-codec.ts';
import { encodeMembership, membershipHash } from '#schemas/consensus/membership-codec.ts';
import type { Certificate, Header } from '#schemas/consensus/types.ts';
import { DrawBundle } from '#schemas/work/draw-bundle.ts';
import { CHAIN, id, sha256, VALIDATORS, WORKERS } from '../settlement/world/chain.ts';
import { type Behaviour, run } from '../settlement/world/nodes.ts';
import { certify, SeenWorld, signVote, worldCrypto } from './seen-world.ts';

function world(units: number) {
  const seen = new SeenWorld();
  const state = new CertifiedState(seen.ledger);
  const proofs = new DrawProofs(CHAIN, seen.ledger, state, worldCrypto);
  seen.reads.onBlock((block) => state.hear(block));
  seen.submitJob(units);
  seen.block();
  const unit = (index: number): string => `${seen.ledger.jobs()[0]?.id}/${index}`;
  const draws = (of: string) => {
    const proven = proofs.of(of);
    return proven.ok ? proven.value : [];
  };
  /** A checkpoint, and the block that certifies it. */
  const certify = (): void => {
    seen.checkpoint();
    seen.block();
  };
  return { seen, proofs, unit, draws, certify };
}

function settled(units: number, behaviours?: ReadonlyMap<string, Behaviour>) {
  const all = world(units);
  run(all.seen, () => all.seen.events('job.finished').length > 0, behaviours);
  all.certify();
  return all;
}

const setsOf = (seen: SeenWorld) => new SetChain(genesisElectorate(seen.reads.chain, worldCrypto));
const verified = (seen: SeenWorld, bundle: DrawBundle) =>
  verifyDrawBundle(DrawBundle.parse(JSON.parse(JSON.stringify(bundle))), setsOf(seen), worldCrypto);

test('each unit’s draws can be proven, for work and for audit, and are those that the ledger made', () => {
  const { seen, draws, unit } = settled(8);
  for (let index = 0; index < 8; index++) {
    const proven = draws(unit(index));
    expect(proven.map(({ bundle }) => bundle.purpose)).toEqual(['work', 'audit']);
    const receipt = seen.ledger.receipt(unit(index));
    expect(proven.map(({ bundle }) => bundle.drawn)).toEqual([[receipt?.worker], receipt?.auditors]);
    expect(proven[0]?.explanation).toEqual(seen.ledger.explainDraw(unit(index), 'work'));
    for (const { bundle, explanation } of proven)
      expect(verified(seen, bundle)).toEqual({ ok: true, value: explanation });
  }
});

test('the draw of a unit under way is proven by its row as of the checkpoint, whatever became of it since', () => {
  const { seen, draws, unit, certify } = world(1);
  run(seen, () => seen.events('unit.assigned').length > 0);
  const [{ worker } = { worker: '' }] = seen.events('unit.assigned');
  certify();
  const isRevealed = () => seen.events('unit.revealed').length > 0;
  seen.heartbeats();
  run(seen, isRevealed, undefined, 5);
  const [work, ...more] = draws(unit(0));
  expect(more).toEqual([]);
  expect(work?.bundle).toMatchObject({ purpose: 'work', drawn: [worker], rows: { unit: { key: `tasks/${unit(0)}` } } });
  expect(work && verified(seen, work.bundle).ok).toBe(true);
});

test('a draw that no certified checkpoint shows yet is refused as pending, and proven after the next one', () => {
  const { seen, proofs, draws, unit, certify } = world(1);
  expect(proofs.of(unit(0))).toMatchObject({ code: 'DRAW_UNKNOWN' });
  run(seen, () => seen.events('unit.assigned').length > 0);
  expect(proofs.of(unit(0))).toMatchObject({ code: 'DRAW_PROOF_PENDING' });
  seen.checkpoint();
  expect(proofs.of(unit(0))).toMatchObject({ code: 'DRAW_PROOF_PENDING' });
  seen.block();
  expect(draws(unit(0))).toHaveLength(1);
  certify();
  expect(draws(unit(0))).toHaveLength(1);
});

test('a unit that was redone has the draws of its paid attempt, in which who failed before is drawn last', () => {
  const liar = WORKERS[0] ?? '';
  const { seen, draws } = settled(12, new Map([[liar, { lies: [0, 1, 2, 3] }]]));
  const proven = draws(seen.events('unit.requeued')[0]?.unit ?? '');
  expect(proven.map(({ bundle }) => `${bundle.attempt} ${bundle.purpose}`)).toEqual(['2 work', '2 audit']);
  expect(proven[0]?.explanation.filter.excluded).toContain(liar);
  for (const { bundle } of proven) expect(verified(seen, bundle).ok).toBe(true);
});

test('an auditor who failed after the draw of the worker does not count for it', () => {
  const silent = WORKERS[0] ?? '';
  const { seen, draws, certify } = world(12);
  run(seen, () => false, new Map([[silent, { skips: ['report'] }]]), 40);
  seen.block(31_000);
  run(seen, () => seen.events('job.finished').length > 0);
  certify();
  const late = seen.events('unit.requeued').filter(({ reason }) => reason === 'audit_late');
  expect(late.length).toBeGreaterThan(0);
  for (const { unit } of late) {
    const proven = draws(unit);
    expect(seen.ledger.receipt(unit)).toMatchObject({ excluded: [silent], barred_count: 0 });
    expect(proven.map(({ explanation }) => explanation.filter.excluded)).toEqual([[], [silent]]);
    expect(proven.map(({ bundle }) => verified(seen, bundle).ok)).toEqual([true, true]);
  }
});

test('a bundle that was bent anywhere is refused', () => {
  const { seen, draws, unit } = settled(4);
  const [, proven] = draws(unit(0));
  const good = DrawBundle.parse(proven?.bundle);
  const other = draws(unit(1))[1]?.bundle ?? good;
  const flip = (hex: string) => hex.slice(0, -1) + (hex.endsWith('0') ? '1' : '0');
  const bent: [string, DrawBundle][] = [
    ['other nodes', { ...good, drawn: good.drawn.toReversed() }],
    ['a header that nobody signed', { ...good, header: flip(good.header) }],
    ['a certificate with a false signature', { ...good, certificate: flip(good.certificate) }],
    ['another attempt', { ...good, attempt: 2 }],
    ['another purpose', { ...good, purpose: 'work' }],
    ['another height', { ...good, height: good.height - 1 }],
    ['another unit', { ...good, unit: unit(1) }],
    ['another chain', { ...good, chain: id('elsewhere') }],
    ['another unit’s row', { ...good, rows: { ...good.rows, unit: other.rows.unit } }],
    ['a row that is no unit’s', { ...good, rows: { ...good.rows, unit: good.rows.job } }],
    [
      'a pool without a member',
      { ...good, rows: { ...good.rows, pool: { ...good.rows.pool, value: flip(good.rows.pool.value ?? '') } } },
    ],
    [
      'a beacon of another choice',
      { ...good, rows: { ...good.rows, beacon: { ...good.rows.beacon, value: flip(good.rows.beacon.value ?? '') } } },
    ],
    ['a job without a row', { ...good, rows: { ...good.rows, job: { ...good.rows.job, value: null } } }],
    ['no worker to bar', { ...good, rows: { ...good.rows, worker: null } }],
    ['bytes that are no certificate', { ...good, certificate: '00' }],
  ];
  const codeOf = (bundle: DrawBundle) => {
    const judged = verifyDrawBundle(bundle, setsOf(seen), worldCrypto);
    return judged.ok ? 'taken' : judged.code;
  };
  expect(codeOf(good)).toBe('taken');
  expect(bent.map(([what, bundle]) => [what, codeOf(bundle)])).toEqual(
    bent.map(([what]) => [what, 'DRAW_PROOF_INVALID']),
  );
  const strange = { ...worldCrypto, verifyBeacon: () => false };
  expect(verifyDrawBundle(good, setsOf(seen), strange)).toMatchObject({ detail: 'beacon signature' });
});

test('the draw of one set is proven under a header of the next, to which the chain was handed over', () => {
  const { seen, draws, unit } = settled(4);
  const good = DrawBundle.parse(draws(unit(0))[0]?.bundle);
  const sets = setsOf(seen);
  const before = sets.newest;
  const recertify = (bend: Partial<Header>): Certified => {
    const header = encodeHeader({ ...headerOf(good), ...bend });
    const height = bend.height ?? headerOf(good).height;
    const value = Buffer.from(sha256(header)).toString('hex');
    const { votes, ...rest } = certify(height, value);
    const signed = votes.map(({ signature: _, ...vote }) =>
      signVote(VALIDATORS[vote.validator] ?? '', { ...vote, epoch: bend.epoch ?? 0 }),
    );
    return { header, certificate: { ...rest, votes: signed } };
  };
  const { height } = headerOf(good);
  const next = { ...before, epoch: 1, first_height: height };
  const last = recertify({ height: height - 1, next_validators_hash: membershipHash(next) });
  expect(sets.take({ ...last, membership: encodeMembership(next) }).ok).toBe(true);
  const later = recertify({ epoch: 1, validators_hash: membershipHash(next) });
  const bundle = { ...good, header: hexOf(later.header), certificate: hexOf(encodeCertificate(later.certificate)) };
  expect(verifyDrawBundle(bundle, sets, worldCrypto).ok).toBe(true);
  expect(verifyDrawBundle(bundle, setsOf(seen), worldCrypto)).toMatchObject({ detail: 'header' });
  const early = { of: (epoch: number) => sets.of(epoch), at: () => undefined };
  expect(verifyDrawBundle(bundle, early, worldCrypto)).toMatchObject({ detail: 'beacon signature' });
});

type Certified = { readonly header: Uint8Array; readonly certificate: Certificate };
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
function headerOf({ header }: DrawBundle): Header {
  const decoded = decodeHeader(Buffer.from(header, 'hex'));
  if (!decoded.ok) throw new Error(decoded.code);
  return decoded.value;
}
