// A task in AssemblyScript: the input is a number in decimal digits, the output is how many primes lie below it.
@external("sortition", "output")
declare function output(pointer: usize, length: usize): void;

/** The host writes the input where this says. */
export function alloc(length: i32): usize {
  return heap.alloc(length);
}

export function run(pointer: usize, length: i32): i64 {
  let end: u32 = 0;
  for (let i = 0; i < length; i++) end = end * 10 + (load<u8>(pointer + i) - 48);
  const count = primesBelow(end);
  const text = heap.alloc(10);
  let at = text + 10;
  for (let left = count; at == text + 10 || left > 0; left /= 10) store<u8>(--at, <u8>(48 + (left % 10)));
  output(at, text + 10 - at);
  return 0;
}

/** Sieve of Eratosthenes, a byte a number: its memory grows with the input. */
function primesBelow(end: u32): u32 {
  const crossed = heap.alloc(end);
  memory.fill(crossed, 0, end);
  let count: u32 = 0;
  for (let n: u32 = 2; n < end; n++) {
    if (load<u8>(crossed + n)) continue;
    count++;
    for (let multiple = <u64>n * n; multiple < end; multiple += n) store<u8>(crossed + <usize>multiple, 1);
  }
  return count;
}
