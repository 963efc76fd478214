// The range of keys that start with a prefix, for ordered stores.

/**
 * Least key above all keys that start with `prefix`: the prefix with its last character raised by one.
 * Prefixes are ASCII here, so raising a character raises the byte.
 */
export function endOfPrefix(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}
