import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eachRun } from '../../src/coordinator/segments/chunk-runs.ts';
import { encodeParity, reconstructBlocks } from '../../src/coordinator/segments/parity.ts';
import { ErasureCode } from '../../src/erasure/erasure-code.ts';

/** Bytes cut into chunks anywhere, also into empty ones. */
function chunks(maxLength: number): fc.Arbitrary<Buffer[]> {
  return fc
    .array(fc.uint8Array({ maxLength: Math.ceil(maxLength / 3) }), { maxLength: 6 })
    .map((pieces) => pieces.map((piece) => Buffer.from(piece)));
}

function padded(block: readonly Buffer[], length: number): Buffer {
  return Buffer.concat([...block, Buffer.alloc(length)], length);
}

test('runs cover every byte of every block once, in order, and zeros behind its end', () => {
  fc.assert(
    fc.property(fc.array(chunks(300), { minLength: 1, maxLength: 5 }), fc.nat(200), (blocks, extra) => {
      const longest = Math.max(...blocks.map((block) => Buffer.concat(block).length));
      const length = longest + extra;
      const copies = blocks.map(() => Buffer.alloc(length, 0xff));
      let expected = 0;
      eachRun(blocks, length, (pieces, start) => {
        expect(start).toBe(expected);
        expect(new Set(pieces.map((piece) => piece.length)).size).toBe(1);
        for (const [index, piece] of pieces.entries()) copies[index]?.set(piece, start);
        expected += pieces[0]?.length ?? 0;
      });
      expect(expected).toBe(length);
      for (const [index, block] of blocks.entries()) expect(copies[index]).toEqual(padded(block, length));
    }),
  );
});

test('parity of blocks in chunks is that of the whole blocks, and gives lost blocks back', () => {
  const cases = fc
    .record({ dataParts: fc.integer({ min: 1, max: 8 }), parityParts: fc.integer({ min: 1, max: 4 }) })
    .chain((layout) =>
      fc.record({
        layout: fc.constant(layout),
        data: fc.array(chunks(90_000), { minLength: layout.dataParts, maxLength: layout.dataParts }),
        lost: fc.shuffledSubarray(
          Array.from({ length: layout.dataParts }, (_, index) => index),
          {
            maxLength: Math.min(layout.dataParts, layout.parityParts),
          },
        ),
      }),
    );
  fc.assert(
    fc.property(cases, ({ layout, data, lost }) => {
      const length = Math.max(...data.map((block) => Buffer.concat(block).length));
      const whole = data.map((block) => padded(block, length));
      const expected = Array.from({ length: layout.parityParts }, () => Buffer.alloc(length));
      new ErasureCode(layout.dataParts, layout.parityParts).encode(whole, expected);
      const parity = expected.map(() => Buffer.allocUnsafe(length));
      encodeParity(layout, data, parity, length);
      expect(parity.every((block, index) => block.equals(expected[index] ?? Buffer.alloc(0)))).toBe(true);

      const blocks = new Map(
        [...data, ...parity.map((block) => [block])].flatMap((block, index): [number, readonly Buffer[]][] =>
          lost.includes(index) ? [] : [[index, block]],
        ),
      );
      const found = new Map(lost.map((index) => [index, Buffer.allocUnsafe(length)]));
      reconstructBlocks(layout, blocks, found, length);
      for (const [index, block] of found) {
        expect(block.equals(whole[index] ?? Buffer.alloc(0))).toBe(true);
      }
    }),
    { numRuns: 60 },
  );
});
