import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CrcShift, combineCrc32, crc32, formatCrc32 } from '../../src/coordinator/segments/crc32.ts';

const bytes = fc.uint8Array({ maxLength: 3000 });

test('the CRC of a concatenation follows from those of its pieces', () => {
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      expect(combineCrc32(crc32(a), crc32(b), b.length)).toBe(crc32(Buffer.concat([a, b])));
    }),
  );
});

test('a prefix can be taken out of a CRC again', () => {
  fc.assert(
    fc.property(bytes, bytes, (prefix, content) => {
      const whole = crc32(content, crc32(prefix));
      expect((whole ^ new CrcShift(content.length).apply(crc32(prefix))) >>> 0).toBe(crc32(content));
    }),
  );
});

test('lengths beyond 32 bits: 5 GiB of zeros in two ways', () => {
  const gibibyte = 1024 ** 3;
  let crc = 1;
  for (let count = 0; count < 5; count++) crc = new CrcShift(gibibyte).apply(crc);
  expect(new CrcShift(5 * gibibyte).apply(1)).toBe(crc);
});

test('eight digits, lower case', () => {
  expect(formatCrc32(0)).toBe('00000000');
  expect(formatCrc32(crc32('123456789'))).toBe('cbf43926'); // the check value of CRC-32
});
