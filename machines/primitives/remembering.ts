// Remembering what is made of texts that come again and again: a text made anew costs more to hash and to compare than all
// that is then looked up by it.

/** What a function remembers at most; it then begins anew, so that a flood of texts costs time and never memory. */
const MAX_KNOWN = 8_192;

/** The same function, which makes the same thing of a text it knows. For what callers do not change: all get the same one. */
export function remembering<T extends string | Uint8Array>(make: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    if (known.size === MAX_KNOWN) known.clear();
    const made = make(text);
    known.set(text, made);
    return made;
  };
}
