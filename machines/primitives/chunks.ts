// Cuts a list into pieces of a bounded size or weight, in order.

/** @param size items of each piece but the last, at least 1 */
export function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

/**
 * @param max_count items of a piece
 * @param max_weight of a piece in all; what is heavier stands alone
 */
export function weighedChunks<T>(
  items: readonly T[],
  max_count: number,
  max_weight: number,
  weigh: (item: T) => number,
): T[][] {
  const pieces: T[][] = [];
  let piece: T[] = [];
  let weight = 0;
  for (const item of items) {
    const own = weigh(item);
    if (piece.length === 0 || piece.length === max_count || weight + own > max_weight) {
      pieces.push((piece = []));
      weight = 0;
    }
    piece.push(item);
    weight += own;
  }
  return pieces;
}
