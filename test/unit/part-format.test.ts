import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  CheckContext,
  decodeFooter,
  decodeHeader,
  encodeFooter,
  encodeHeader,
  headerLength,
  type PartFooter,
  type PartHeader,
  SegmentGeometry,
} from '../../src/coordinator/segments/part-format.ts';

const header: PartHeader = {
  version: 1,
  features: [],
  pool: 'splitftp-0123456789ab',
  file: 'f'.repeat(32),
  segment: '0123456789abcdef0123456789abcdef',
  position: 0,
  layout: { dataParts: 2, parityParts: 0 },
  index: 1,
  servers: [1, 2],
  blockBytes: 262144,
  check: 'crc32',
  cipher: 'none',
  path: '/docs/a "quoted" file 🗂.txt',
  written: '2026-11-22T10:00:00.000Z',
};
const footer: PartFooter = {
  segment: header.segment,
  index: 1,
  length: 5,
  stripes: 1,
  crc32: '0a0b0c0d',
  sequence: 7,
};

test('a header reads back, also with more bytes behind it', () => {
  const encoded = encodeHeader(header);
  expect(headerLength(encoded)).toBe(encoded.length);
  expect(decodeHeader(Buffer.concat([encoded, Buffer.from('block')]))).toEqual(header);
});

test('a footer reads back from the end of a part', () => {
  const encoded = encodeFooter(footer);
  expect(decodeFooter(Buffer.concat([Buffer.from('block'), encoded]))).toEqual(footer);
});

test('any changed byte of header or footer is noticed', () => {
  const whole = { header: encodeHeader(header), footer: encodeFooter(footer) };
  for (const position of whole.header.keys()) {
    const changed = Buffer.from(whole.header);
    changed[position] = (changed[position] ?? 0) ^ 1;
    expect(() => decodeHeader(changed), `header byte ${position}`).toThrow();
  }
  for (const position of whole.footer.keys()) {
    const changed = Buffer.from(whole.footer);
    changed[position] = (changed[position] ?? 0) ^ 1;
    expect(() => decodeFooter(changed), `footer byte ${position}`).toThrow();
  }
});

test('a cut footer is noticed at every length', () => {
  const encoded = encodeFooter(footer);
  for (let length = 0; length < encoded.length; length++) {
    expect(() => decodeFooter(encoded.subarray(0, length))).toThrow();
  }
});

test('a part that needs an unknown feature is refused by name', () => {
  expect(() => decodeHeader(encodeHeader({ ...header, features: ['zstd'] }))).toThrow(/zstd/);
});

test('the blocks of a segment hold every byte once, evenly in the last stripe', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 64 }),
      fc.integer({ min: 0, max: 5000 }),
      (dataParts, blockBytes, length) => {
        const geometry = new SegmentGeometry({ dataParts, parityParts: 0 }, blockBytes, length);
        let total = 0;
        for (let stripe = 0; stripe < geometry.stripes; stripe++) {
          let longest = 0;
          for (let index = 0; index < dataParts; index++) {
            const block = geometry.blockLength(stripe, index);
            expect(block).toBeLessThanOrEqual(index === 0 ? blockBytes : longest);
            if (index === 0) longest = block;
            total += block;
          }
        }
        expect(total).toBe(length);
      },
    ),
  );
});

test('every parity block is as long as the longest data block of its stripe', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 64 }),
      fc.integer({ min: 1, max: 5000 }),
      (dataParts, parityParts, blockBytes, length) => {
        const geometry = new SegmentGeometry({ dataParts, parityParts }, blockBytes, length);
        for (let stripe = 0; stripe < geometry.stripes; stripe++) {
          const lengths = Array.from({ length: dataParts + parityParts }, (_, index) =>
            geometry.blockLength(stripe, index),
          );
          const longest = Math.max(...lengths.slice(0, dataParts));
          expect(longest).toBeGreaterThan(0);
          expect(lengths.slice(dataParts)).toEqual(Array(parityParts).fill(longest));
        }
      },
    ),
  );
});

test('two bytes in two parts are one byte each', () => {
  const geometry = new SegmentGeometry({ dataParts: 2, parityParts: 0 }, 262144, 2);
  expect([geometry.blockLength(0, 0), geometry.blockLength(0, 1)]).toEqual([1, 1]);
});

test('the check of a block depends on its segment, part and stripe', () => {
  const seeds = new Set<number>();
  for (const segment of ['00'.repeat(16), '01'.repeat(16)]) {
    for (const index of [0, 1]) {
      for (const stripe of [0, 1, 4095]) seeds.add(new CheckContext(segment, index).seed(stripe));
    }
  }
  expect(seeds.size).toBe(12);
});
