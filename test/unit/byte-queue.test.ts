import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteQueue } from '../../src/coordinator/segments/byte-queue.ts';

test('what goes in comes out, in any lengths', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 50 })),
      fc.array(fc.integer({ min: 0, max: 70 })),
      (chunks, lengths) => {
        const queue = new ByteQueue();
        for (const chunk of chunks) queue.push(Buffer.from(chunk));
        const whole = Buffer.concat(chunks);
        let taken = 0;
        for (const length of [...lengths, whole.length]) {
          const piece = Buffer.concat(queue.take(length));
          expect(piece).toEqual(whole.subarray(taken, taken + length));
          taken += piece.length;
          expect(queue.length).toBe(whole.length - taken);
        }
      },
    ),
  );
});
