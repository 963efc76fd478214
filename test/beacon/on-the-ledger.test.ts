// A set makes its beacon key on the ledger and hands it on: real dealings, judged by the real rules inside transactions.
import { expect, test } from 'vitest';
import { checkDealing, checkRevealed, combineDealings } from '#machines/beacon/dealing.ts';
import { dealingHash } from '#machines/beacon/plan.ts';
import { createLedger } from '#machines/settlement/ledger.ts';
import { recover, signPartial, verifyBls } from '#runtime/consensus/beacon.ts';
import { composeShares, makeDealing, type OwnGeneration, openDealing } from '#runtime/consensus/dealer.ts';
import { type EncryptionKey, encryptionKey } from '#runtime/keys/encryption-key.ts';
import type { Membership } from '#schemas/consensus/types.ts';
import { CHAIN, genesisOf, id, sha256, twinCrypto, World } from '../settlement/world/chain.ts';
import { joinBody, keygenOf, toBoundary } from '../settlement/world/dealers.ts';

const C0 = id('c0');
const keyOf = (validator: string): EncryptionKey => encryptionKey(sha256(Buffer.from(`${validator} seed`)));
const publicOf = (validator: string): string => Buffer.from(keyOf(validator).public).toString('hex');
const DEALINGS = { checkDealing, checkRevealed, combineDealings };

/** The test world over real dealings: validators have real encryption keys, and no beacon key yet. */
function open(): World {
  const world = new World({ candidates: [C0], has_key: false, params: { epoch_heights: 20 } });
  const genesis = genesisOf({ candidates: [C0], has_key: false, params: { epoch_heights: 20 } });
  const validators = genesis.validators.map((v) => ({ ...v, encryption_key: publicOf(v.id) }));
  world.ledger = createLedger({ ...genesis, validators }, CHAIN, { ...twinCrypto, dealings: DEALINGS });
  return world;
}

type Secrets = ReadonlyMap<string, readonly string[]>;

/** The next generation, dealt by all but `silent`; the secret shares that its receivers put together. */
function generate(world: World, held: Secrets, silent = ''): Secrets {
  toBoundary(world);
  const { epoch } = keygenOf(world)?.row ?? { epoch: 0 };
  for (let view = keygenOf(world); view?.phase !== undefined; view = world.ledger.keygen(epoch)) {
    for (const [dealer, { id: v }] of view.plan.dealers.entries()) {
      const said = view.dealings.get(v);
      const own: OwnGeneration = { generation: view.generation, plan: view.plan, key: keyOf(v) };
      const dealing = v === silent ? undefined : makeDealing(own, dealer, held.get(v) ?? []);
      if (dealing === undefined) continue;
      if (view.phase === 'commit' && said === undefined)
        world.send(v, { type: 'keygen.commit', epoch, hash: dealingHash(view.generation, v, dealing) });
      if (view.phase === 'deal' && said?.dealing.length === 0) world.send(v, { type: 'keygen.deal', epoch, dealing });
    }
    expect(world.block().outcomes.filter((code) => code !== null)).toEqual([]);
  }
  const { plan, generation, row, dealings } = world.ledger.keygen(epoch) ?? {};
  if (plan === undefined || generation === undefined || row === undefined) throw new Error('it was opened');
  const secrets = plan.receivers.map(({ id: v }, receiver): [string, readonly string[]] => {
    const own: OwnGeneration = { generation, plan, key: keyOf(v) };
    const dealt = row.qualified.map((id): [number, readonly Uint8Array[]] => {
      const dealer = plan.dealers.findIndex((member) => member.id === id);
      return [dealer, openDealing(own, dealer, receiver, dealings?.get(id)?.dealing ?? new Uint8Array(0)) ?? []];
    });
    return [v, composeShares(plan, receiver, new Map(dealt)) ?? []];
  });
  return new Map(secrets);
}

/** Whether the first t seats of the set sign under its group key. */
function signs({ validators, beacon_key }: Membership, secrets: Secrets, threshold: number): boolean {
  const message = sha256(Buffer.from('a beacon'));
  const all = validators.flatMap(({ id: v }) => secrets.get(v) ?? []);
  const partials = all.map((secret, i) => ({ seat: i + 1, signature: signPartial(secret, message) }));
  const signature = recover(partials.slice(0, threshold), all.length) ?? new Uint8Array(0);
  return verifyBls(beacon_key ?? '', message, signature);
}

test('a first key and two resharings: newcomers, leavers and an absent dealer, one group key, and quorums that sign under it', () => {
  const world = open();
  const next = () => world.ledger.membership(world.ledger.height() + 2);
  const first = generate(world, new Map());
  const { beacon_key } = next();
  expect(signs(next(), first, 3)).toBe(true);
  expect(signs(next(), first, 2)).toBe(false);
  world.send(C0, joinBody(C0, 1, {}, publicOf(C0)));
  const second = generate(world, first);
  expect(next()).toMatchObject({ epoch: 2, beacon_key });
  expect([next().validators.length, signs(next(), second, 4), signs(next(), second, 3)]).toEqual([5, true, false]);
  const [leaver] = next().validators;
  world.send(leaver?.id ?? '', { type: 'validator.leave' });
  const third = generate(world, second, leaver?.id);
  expect(next()).toMatchObject({ epoch: 3, beacon_key });
  expect([next().validators.length, signs(next(), third, 3)]).toEqual([4, true]);
});
