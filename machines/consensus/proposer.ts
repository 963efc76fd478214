// Who proposes: a pure function of height and round, so that every view change brings another leader.

/** Index of the proposer: round-robin over the set. Each height starts one further, each round goes one further. */
export const proposerOf = (height: number, round: number, validators: number): number =>
  (height - 1 + round) % validators;

/** Whether `self` proposes in the round at this position; before the first round, whether it will. It alone needs the beacon ahead of a header. */
export const isProposer = (
  { height, round }: { readonly height: number; readonly round: number },
  self: number,
  validators: number,
): boolean => proposerOf(height, Math.max(round, 0), validators) === self;
