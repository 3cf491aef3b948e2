import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileKernels } from '../../build/erasure-kernel.ts';
import { ErasureCode, maximumParts } from '../../src/erasure/erasure-code.ts';
import { invert, multiply } from '../../src/erasure/galois-field.ts';
import { availableKernels } from '../../src/erasure/kernel.ts';
import { identity, inverse, parityRows, product } from '../../src/erasure/matrix.ts';

const element = fc.integer({ min: 0, max: 255 });
const kernels = availableKernels();

/** Of `count` members, every choice of `size`. */
function* choices(count: number, size: number, from = 0): Generator<number[]> {
  if (size === 0) yield [];
  for (let first = from; size > 0 && first <= count - size; first++) {
    for (const rest of choices(count, size - 1, first + 1)) yield [first, ...rest];
  }
}

function blocksOf(count: number, length: number, seed: number): Uint8Array[] {
  let state = seed >>> 0;
  return Array.from({ length: count }, () =>
    Uint8Array.from({ length }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state >>> 24;
    }),
  );
}

const empty = (count: number, length: number) =>
  Array.from({ length: count }, () => new Uint8Array(length).fill(0xaa));

describe('GF(2^8)', () => {
  test('multiplication is that of polynomials modulo 0x11d', () => {
    const byPolynomials = (a: number, b: number) => {
      let sum = 0;
      for (let bit = 0; bit < 8; bit++) if (b & (1 << bit)) sum ^= a << bit;
      for (let bit = 14; bit >= 8; bit--) if (sum & (1 << bit)) sum ^= 0x11d << (bit - 8);
      return sum;
    };
    for (let a = 0; a < 256; a++) {
      for (let b = 0; b < 256; b++) expect(multiply(a, b)).toBe(byPolynomials(a, b));
    }
  });

  test('every element but 0 has an inverse', () => {
    for (let a = 1; a < 256; a++) expect(multiply(a, invert(a))).toBe(1);
    expect(() => invert(0)).toThrow(RangeError);
  });
});

describe('matrices', () => {
  test('a matrix times its inverse is the identity, or it has none', () => {
    const square = fc.integer({ min: 1, max: 8 }).chain((size) =>
      fc.array(fc.array(element, { minLength: size, maxLength: size }), {
        minLength: size,
        maxLength: size,
      }),
    );
    fc.assert(
      fc.property(square, (matrix) => {
        let inverted: ReturnType<typeof inverse>;
        try {
          inverted = inverse(matrix);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
          return;
        }
        expect(product(matrix, inverted)).toEqual(identity(matrix.length));
      }),
    );
  });

  test('the first parity part is the plain XOR', () => {
    expect(parityRows(5, 3)[0]).toEqual([1, 1, 1, 1, 1]);
  });
});

describe('the code', () => {
  test('all erasure patterns of all layouts up to 14 parts', { timeout: 120_000 }, () => {
    let patterns = 0;
    for (let dataParts = 1; dataParts <= 14; dataParts++) {
      for (let parityParts = 1; dataParts + parityParts <= 14; parityParts++) {
        const code = new ErasureCode(dataParts, parityParts);
        const data = blocksOf(dataParts, 21, patterns);
        const parity = empty(parityParts, 21);
        code.encode(data, parity);
        const blocks = [...data, ...parity];
        for (const missing of choices(blocks.length, parityParts)) {
          const rest = blocks.map((block, index) => (missing.includes(index) ? undefined : block));
          const wanted = new Map(missing.map((index) => [index, new Uint8Array(21)]));
          code.reconstruct(rest, wanted);
          for (const [index, block] of wanted) {
            if (Buffer.compare(block, blocks[index] ?? block.subarray(1)) !== 0) {
              expect.fail(`${dataParts}+${parityParts} without ${missing}: part ${index} is wrong`);
            }
          }
          patterns++;
        }
      }
    }
    // For each number of parts n the sum of all C(n, m) with m from 1 to n - 1: 2^n - 2.
    expect(patterns).toBe(2 ** 15 - 4 - 2 * 13);
  });

  test('up to 20 parts, fewer missing than could be, any length: every kernel gives the bytes back', () => {
    const layout = fc
      .integer({ min: 1, max: maximumParts - 1 })
      .chain((data) => fc.tuple(fc.constant(data), fc.integer({ min: 1, max: maximumParts - data })));
    const lengths = fc.oneof(
      fc.integer({ min: 0, max: 70 }),
      fc.constantFrom(16_383, 16_384, 16_385, 40_001),
    );
    fc.assert(
      fc.property(layout, lengths, fc.nat(), fc.infiniteStream(fc.nat()), ([k, m], length, seed, random) => {
        const data = blocksOf(k, length, seed);
        const indexes = Array.from({ length: k + m }, (_, index) => index);
        const missing = indexes
          .map((index) => ({ index, order: random.next().value }))
          .sort((a, b) => a.order - b.order)
          .slice(0, seed % (m + 1))
          .map(({ index }) => index);
        const results = kernels.map((kernel) => {
          const code = new ErasureCode(k, m, kernel);
          const parity = empty(m, length);
          code.encode(data, parity);
          const blocks = [...data, ...parity];
          const wanted = new Map(missing.map((index) => [index, new Uint8Array(length).fill(0x55)]));
          code.reconstruct(
            blocks.map((block, index) => (missing.includes(index) ? undefined : block)),
            wanted,
          );
          for (const [index, block] of wanted) expect(block).toEqual(blocks[index]);
          return parity;
        });
        for (const parity of results) expect(parity).toEqual(results.at(-1));
      }),
      { numRuns: 60 },
    );
  });

  test('one missing data part of k+1 is the XOR of the others', () => {
    const code = new ErasureCode(3, 1);
    const data = blocksOf(3, 100, 7);
    const parity = empty(1, 100);
    code.encode(data, parity);
    expect(parity[0]).toEqual(
      Uint8Array.from({ length: 100 }, (_, at) => data.reduce((sum, block) => sum ^ (block[at] ?? 0), 0)),
    );
  });

  test('blocks that lie anywhere in their buffers', () => {
    const code = new ErasureCode(2, 2);
    const whole = blocksOf(1, 1000, 3)[0] ?? new Uint8Array();
    const data = [whole.subarray(3, 104), whole.subarray(501, 602)];
    const target = new Uint8Array(1000);
    const parity = [target.subarray(7, 108), target.subarray(333, 434)];
    code.encode(data, parity);
    const [first, second] = [new Uint8Array(101), new Uint8Array(101)];
    code.reconstruct(
      [undefined, undefined, ...parity],
      new Map([
        [0, first],
        [1, second],
      ]),
    );
    expect([first, second]).toEqual(data.map((block) => Uint8Array.from(block)));
    expect(target.subarray(108, 333).every((byte) => byte === 0)).toBe(true);
  });

  test('what cannot be is refused', () => {
    const code = new ErasureCode(2, 1);
    const block = new Uint8Array(4);
    expect(() => code.reconstruct([block, undefined, undefined], new Map([[1, new Uint8Array(4)]]))).toThrow(
      '1 blocks are there, 2 are needed',
    );
    expect(() => code.encode([block, new Uint8Array(5)], [block])).toThrow('differ in length');
    expect(() => code.encode([block], [block])).toThrow('1 data blocks');
    expect(() => code.reconstruct([block, block, undefined], new Map([[3, block]]))).toThrow('no part 3');
    for (const [k, m] of [
      [0, 1],
      [1, -1],
      [19, 2],
      [1.5, 1],
    ] as const) {
      expect(() => new ErasureCode(k, m)).toThrow(RangeError);
    }
  });
});

test('the kernel in the repository is its source, compiled', { timeout: 60_000 }, async () => {
  const committed = await readFile(join(import.meta.dirname, '../../src/erasure/kernel-binaries.ts'), 'utf8');
  expect(committed).toBe(await compileKernels());
});
