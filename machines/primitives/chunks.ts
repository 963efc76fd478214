// Cuts a list into pieces of a bounded size, in order.

/** @param size items of each piece but the last, at least 1 */
export function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
