/** Bytes for tests: made from a seed, so that any part of them can be made again and compared. */

/** The same bytes for the same seed, without a pattern that could hide a block in the wrong place. */
export function content(length: number, seed: number): Buffer {
  // xorshift32, four bytes a step
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = (seed * 2654435761 + 1) >>> 0 || 1;
  for (let index = 0; index < words.length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[index] = state;
  }
  return Buffer.from(words.buffer, 0, length);
}

/** Fails without printing megabytes: says where two contents begin to differ. */
export function firstDifference(actual: Buffer, expected: Buffer): string | undefined {
  if (actual.equals(expected)) return undefined;
  const common = Math.min(actual.length, expected.length);
  let at = 0;
  while (at < common && actual[at] === expected[at]) at++;
  return `${actual.length} instead of ${expected.length} bytes, different from byte ${at} on`;
}
