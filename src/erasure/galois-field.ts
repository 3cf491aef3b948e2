/**
 * GF(2^8), the field of 256 elements, with the polynomial x^8 + x^4 + x^3 + x^2 + 1 (0x11d) and the generator 2, as
 * most storage codes have it (James S. Plank, "A tutorial on Reed-Solomon coding for fault-tolerance in RAID-like
 * systems", Software: Practice and Experience 27 (9), 1997, section "Arithmetic"). Addition is XOR.
 */
const polynomial = 0x11d;

/** Powers of the generator, twice over, so that the sum of two logarithms needs no reduction. */
const powers = new Uint8Array(510);
const logarithms = new Uint8Array(256);
for (let exponent = 0, element = 1; exponent < 255; exponent++) {
  powers[exponent] = element;
  powers[exponent + 255] = element;
  logarithms[element] = exponent;
  element <<= 1;
  if (element & 0x100) element ^= polynomial;
}

/** The product of two elements, each 0 to 255. */
export function multiply(a: number, b: number): number {
  if (a === 0 || b === 0) return 0;
  return at(powers, at(logarithms, a) + at(logarithms, b));
}

/** The element with which the product is 1. @throws RangeError for 0 */
export function invert(element: number): number {
  if (element === 0) throw new RangeError('0 has no inverse');
  return at(powers, 255 - at(logarithms, element));
}

function at(table: Uint8Array, index: number): number {
  const value = table[index];
  if (value === undefined) throw new RangeError(`${index} is not in the table`);
  return value;
}
