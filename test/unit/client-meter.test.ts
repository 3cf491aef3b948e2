import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Meter } from '../../src/client/meter.ts';

const chunkLists = fc.array(fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)));

test('passes every byte on, counts it and sums it up', async () => {
  await fc.assert(
    fc.asyncProperty(chunkLists, async (chunks) => {
      const told: number[] = [];
      const meter = new Meter({ onBytes: (bytes) => told.push(bytes) });
      const [passed] = await Promise.all([
        buffer(meter),
        pipeline(Readable.from(chunks), meter, { end: true }),
      ]);
      const all = Buffer.concat(chunks);
      expect(passed.equals(all)).toBe(true);
      expect(meter.bytes).toBe(all.length);
      expect(meter.crc32).toBe(crc32(all));
      expect(told.reduce((sum, bytes) => sum + bytes, 0)).toBe(all.length);
    }),
  );
});

test('the last chunk is never passed on when the check at the end fails', async () => {
  const meter = new Meter({ beforeEnd: () => Promise.reject(new Error('changed')) });
  const passed: Buffer[] = [];
  meter.on('data', (chunk) => passed.push(chunk));
  const chunks = ['a', 'b', 'c'].map((text) => Buffer.from(text));
  await expect(pipeline(Readable.from(chunks), meter)).rejects.toThrow('changed');
  expect(Buffer.concat(passed).toString()).toBe('ab');
});
