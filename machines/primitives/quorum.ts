// Quorum arithmetic: whole numbers only, of the set registered at a height, never of the votes received.

/** Power that decides: more than two thirds of `total`, so that two quorums share a correct validator while f < total / 3. */
export const quorum = (total: number): number => Math.floor((2 * total) / 3) + 1;

/** Power that holds at least one correct validator: more than one third of `total`. */
export const skipQuorum = (total: number): number => Math.floor(total / 3) + 1;

/** Most power that may be Byzantine: f < total / 3. */
export const maxFaulty = (total: number): number => Math.ceil(total / 3) - 1;
