// The validators of the test world in a change of their set: they ask to join, and deal, complain and justify as they should or as a test bends them.
import { dealingHash } from '#machines/beacon/plan.ts';
import type { KeygenView } from '#machines/settlement/keygen-view.ts';
import { operatorSignBytes } from '#machines/settlement/nodes.ts';
import { possessionSignBytes } from '#machines/settlement/validators.ts';
import { twinDealing, twinShares } from '#runtime/sim/twin-dealings.ts';
import { LayoutWriter } from '#schemas/consensus/fixed-layout.ts';
import type { SignedVote } from '#schemas/consensus/types.ts';
import { SIGNED_STATEMENT_BYTES, voteSignBytes, writeSignedVote } from '#schemas/consensus/vote-codec.ts';
import type { TxBody } from '#schemas/settlement/transaction.ts';
import { CHAIN, id, sign, VALIDATORS, type World } from './chain.ts';

export type Join = Extract<TxBody, { type: 'validator.join' }>;

/** A right request to join; `bend` changes it after it was signed. */
export function joinBody(
  validator: string,
  power = 1,
  bend: Partial<Join> = {},
  encryption_key = id(`${validator} encryption`),
): Join {
  const [operator, cosigner] = [id(`${validator} operator`), id(`${validator} cosigner`)];
  return {
    type: 'validator.join',
    power,
    cosigner,
    cosigner_signature: sign(cosigner, possessionSignBytes(CHAIN, { id: validator, power, encryption_key })),
    encryption_key,
    operator,
    operator_signature: sign(operator, operatorSignBytes(validator)),
    ...bend,
  };
}

/** How a dealer differs from an honest one. */
export type Misdeed =
  /** Says nothing. */
  | 'silent'
  /** Commits and does not deal. */
  | 'late'
  /** Deals what is no dealing. */
  | 'malformed'
  /** Deals well, encrypts nonsense to the first receiver, and does not answer its complaint. */
  | 'false'
  /** The same, but it answers. */
  | 'justifies';

/** The generation of the next epoch. */
export const keygenOf = (world: World): KeygenView | undefined => {
  const { epoch } = world.ledger.membership(world.ledger.height() + 2);
  return world.ledger.keygen(epoch + 1);
};

/** What everybody has to say in the next block of the generation under way: queued. */
export function deal(world: World, misdeeds: ReadonlyMap<string, Misdeed> = new Map()): void {
  const view = keygenOf(world);
  for (const { id } of view?.plan.dealers ?? []) {
    const body = view === undefined ? undefined : dealerSays(view, id, misdeeds.get(id));
    if (body !== undefined) world.send(id, body);
  }
  const [first] = view?.plan.receivers ?? [];
  if (view?.phase !== 'complain' || first === undefined) return;
  for (const [dealer, said] of view.dealings) {
    const isFalse = ['false', 'justifies'].includes(misdeeds.get(dealer) ?? '');
    if (isFalse && said.complaints.length === 0)
      world.send(first.id, { type: 'keygen.complain', epoch: view.row.epoch, dealer });
  }
}

function dealerSays(view: KeygenView, id: string, misdeed?: Misdeed): TxBody | undefined {
  const { plan, row, phase, dealings } = view;
  const { epoch } = row;
  const dealer = plan.dealers.findIndex((member) => member.id === id);
  const said = dealings.get(id);
  const dealing = misdeed === 'malformed' ? Uint8Array.of(1, 2, 3) : twinDealing(plan, dealer);
  if (misdeed === 'silent') return undefined;
  if (phase === 'commit' && said === undefined)
    return { type: 'keygen.commit', epoch, hash: dealingHash(view.generation, id, dealing) };
  if (misdeed === 'late') return undefined;
  if (phase === 'deal' && said?.dealing.length === 0) return { type: 'keygen.deal', epoch, dealing };
  const open = said?.complaints.find(({ shares }) => shares.length === 0);
  if (phase !== 'justify' || open === undefined || misdeed !== 'justifies') return undefined;
  const receiver = plan.receivers.findIndex((member) => member.id === open.receiver);
  return { type: 'keygen.justify', epoch, receiver: open.receiver, shares: twinShares(plan, dealer, receiver) };
}

/** Blocks up to the next boundary, and until the generation that it opens has ended, if it opens one. */
export function changeSet(world: World, misdeeds?: ReadonlyMap<string, Misdeed>): void {
  toBoundary(world);
  dealOut(world, misdeeds);
}

/** Blocks until the generation under way has ended. */
export function dealOut(world: World, misdeeds?: ReadonlyMap<string, Misdeed>): void {
  while (keygenOf(world)?.row.end_height === 0) {
    deal(world, misdeeds);
    world.block();
  }
}

/** Blocks up to and with the next boundary. */
export function toBoundary(world: World): void {
  do world.block();
  while (world.ledger.height() % world.genesis.params.epoch_heights !== 0);
}

/** Powers of the set that runs the height after the next. */
export const powersOf = (world: World): Record<string, number> =>
  Object.fromEntries(
    world.ledger.membership(world.ledger.height() + 2).validators.map(({ id: validator, power }) => [validator, power]),
  );

type Offence = {
  readonly height?: number;
  readonly epoch?: number;
  readonly validator?: number;
  readonly signer?: string;
};

/** Two prevotes of a validator in one round: of the first of the genesis, unless said. */
export function doubleVote({
  height = 5,
  epoch = 0,
  validator = 0,
  signer,
}: Offence = {}): Extract<TxBody, { type: 'evidence' }> {
  const key = signer ?? VALIDATORS[validator] ?? '';
  const vote = (value: string | null): Uint8Array => {
    const said = { type: 'prevote', epoch, height, round: 0, value, valid_round: -1, validator } as const;
    const signed: SignedVote = { ...said, signature: sign(key, voteSignBytes(CHAIN, said)) };
    return writeSignedVote(new LayoutWriter(SIGNED_STATEMENT_BYTES), signed).bytes;
  };
  return { type: 'evidence', a: vote(null), b: vote(id('block')) };
}
