// Who proposes: a pure function of height and round, so that every view change brings another leader.

/** Index of the proposer: round-robin over the set. Each height starts one further, each round goes one further. */
export const proposerOf = (height: number, round: number, validators: number): number =>
  (height - 1 + round) % validators;
