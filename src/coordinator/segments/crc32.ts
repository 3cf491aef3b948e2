import { crc32 } from 'node:zlib';

export { crc32 };

/**
 * The CRC-32 of a concatenation from the CRC-32s of its pieces, without touching the bytes again. A CRC is a
 * polynomial over GF(2) modulo P; appending n bytes multiplies what came before by x^(8n).
 * Mathematics: ISO 3309 and Mark Adler's `crc32_combine` in zlib (crc32.c, `multmodp`, `x2nmodp`).
 */
const polynomial = 0xedb88320; // bit-reversed: bit 31 is x^0

function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 0x80000000; bit !== 0; bit >>>= 1) {
    if (a & bit) product ^= b;
    b = b & 1 ? (b >>> 1) ^ polynomial : b >>> 1;
  }
  return product >>> 0;
}

/** x^(8n) modulo P, by repeated squaring. */
function power(bytes: number): number {
  let result = 0x80000000;
  let square = 0x00800000; // x^8
  for (let rest = bytes; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = multiply(square, result);
    square = multiply(square, square);
  }
  return result;
}

/** What a CRC-32 contributes to a message that goes on for so many bytes: `crc(a + b) = shift(crc(a), |b|) ^ crc(b)`. */
export class CrcShift {
  readonly #factor: number;

  constructor(bytes: number) {
    this.#factor = power(bytes);
  }

  apply(crc: number): number {
    return multiply(this.#factor, crc);
  }
}

/** CRC-32 of `a + b` from those of `a` and `b`. */
export function combineCrc32(a: number, b: number, bytesOfB: number): number {
  return (new CrcShift(bytesOfB).apply(a) ^ b) >>> 0;
}

/** Eight lower-case hexadecimal digits. */
export function formatCrc32(crc: number): string {
  return crc.toString(16).padStart(8, '0');
}
