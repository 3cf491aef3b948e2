/** Part files that changed on a storage server's disk: no wrong byte is ever handed out, and it is said where. */
import { copyFile, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from 'basic-ftp';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { PartReport } from '../../src/site/reports.ts';
import { content, firstDifference } from './content.ts';
import { openSession, receive, retrieve, store } from './ftp-session.ts';
import { startServers, type TestServers } from './servers.ts';
import { partFile } from './stored-parts.ts';

const stripe = 2 * 256 * 1024;
const bytes = content(4 * stripe + 1000, 1);
/** Of a block and its check in a part. */
const blockBytes = 256 * 1024 + 4;

let servers: TestServers;
let session: Client;
let parts: readonly PartReport[];
let originals: readonly Buffer[];
let bodyStart: number;

beforeAll(async () => {
  servers = await startServers();
  session = await openSession(servers.configuration.coordinator);
  await store(session, '/file', bytes);
  parts = await servers.client().where('/file');
  originals = await Promise.all(parts.map((part) => readFile(partFile(servers, part))));
  bodyStart = 16 + original(0).readUInt32BE(8);
});
afterAll(async () => {
  session.close();
  await servers.stop();
});
beforeEach(async () => {
  for (const [index] of parts.entries()) await writeFile(pathOf(index), original(index));
  // A repair that still goes on would mend what the test damages.
  const client = servers.client();
  await vi.waitFor(async () => expect(await client.repair()).toMatchObject({ state: 'idle', parts: 0 }), {
    timeout: 30_000,
    interval: 50,
  });
  session.close();
  session = await openSession(servers.configuration.coordinator);
});

function original(index: number): Buffer {
  return originals[index] ?? Buffer.alloc(0);
}

function pathOf(index: number): string {
  const part = parts[index];
  if (part === undefined) throw new Error(`the file has no part ${index}`);
  return partFile(servers, part);
}

async function flipBit(index: number, offset: number, bit = 0): Promise<void> {
  const damaged = Buffer.from(original(index));
  damaged.writeUInt8(damaged.readUInt8(offset) ^ (1 << bit), offset);
  await writeFile(pathOf(index), damaged);
}

/** The download fails, what came before is right, and the message names the storage server of this part. */
async function expectRefused(index: number, offset = 0): Promise<number> {
  const received = await receive(session, '/file', offset);
  expect(
    firstDifference(received.bytes, bytes.subarray(offset, offset + received.bytes.length)),
  ).toBeUndefined();
  expect(String(received.error)).toMatch(/: (451|551) /);
  expect(String(received.error)).toContain(`storage server ${index + 1} (127.0.0.1:`);
  return received.bytes.length;
}

async function expectReadable(offset: number): Promise<void> {
  expect(firstDifference(await retrieve(session, '/file', offset), bytes.subarray(offset))).toBeUndefined();
}

describe.each([0, 1])('part %i', (index) => {
  test.each([0, 1, 3])('a flipped bit in stripe %i', async (damagedStripe) => {
    await flipBit(index, bodyStart + damagedStripe * blockBytes + 1234);
    const arrived = await expectRefused(index);
    expect(arrived).toBeLessThanOrEqual(damagedStripe * stripe + index * (stripe / 2));
    await expectReadable((damagedStripe + 1) * stripe);
    await expectReadable((damagedStripe + 1) * stripe + 7);
  });

  test('a flipped bit in a check', async () => {
    await flipBit(index, bodyStart + blockBytes - 1);
    await expectRefused(index);
    await expectReadable(stripe);
  });

  test('a flipped bit in the header', async () => {
    await flipBit(index, 100);
    expect(await expectRefused(index)).toBeLessThanOrEqual(index * (stripe / 2));
    await expectReadable(stripe);
  });

  test('a flipped bit in the footer', async () => {
    await flipBit(index, original(index).length - 30);
    await expectRefused(index);
  });

  test.each([0, 10, 1000, 2 * blockBytes])('cut to %i bytes', async (length) => {
    await truncate(pathOf(index), length);
    expect(await expectRefused(index)).toBe(0);
  });

  test('longer than it was', async () => {
    await writeFile(pathOf(index), Buffer.concat([original(index), Buffer.from('x')]));
    expect(await expectRefused(index)).toBe(0);
  });

  test('deleted', async () => {
    await rm(pathOf(index));
    expect(await expectRefused(index)).toBe(0);
    await expectRefused(index, 2 * stripe);
  });

  test('replaced by the part of another file of the same size', async () => {
    await store(session, '/other', content(bytes.length, 2));
    const [...others] = await servers.client().where('/other');
    const other = others[index];
    if (other === undefined) throw new Error('the other file has no such part');
    await copyFile(partFile(servers, other), pathOf(index));
    expect(await expectRefused(index)).toBe(0);
    await expectRefused(index, stripe);
  });

  test('two stripes of it swapped', async () => {
    const swapped = Buffer.from(original(index));
    original(index).copy(swapped, bodyStart, bodyStart + blockBytes, bodyStart + 2 * blockBytes);
    original(index).copy(swapped, bodyStart + blockBytes, bodyStart, bodyStart + blockBytes);
    await writeFile(pathOf(index), swapped);
    await expectRefused(index);
    await expectReadable(2 * stripe);
  });
});

test('the two parts of a file swapped', async () => {
  await writeFile(pathOf(0), original(1));
  await writeFile(pathOf(1), original(0));
  const { bytes: arrived, error } = await receive(session, '/file');
  expect(arrived).toHaveLength(0);
  expect(String(error)).toMatch(/storage server [12] /);
});

test('any flipped bit anywhere is found', async () => {
  const anywhere = fc.record({
    index: fc.nat(parts.length - 1),
    offset: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    bit: fc.nat(7),
  });
  await fc.assert(
    fc.asyncProperty(anywhere, async ({ index, offset, bit }) => {
      await flipBit(index, Math.floor(offset * original(index).length), bit);
      await expectRefused(index);
      await writeFile(pathOf(index), original(index));
    }),
    { numRuns: 40 },
  );
});

test('the split client leaves no damaged copy, and keeps the one that was there', async () => {
  await flipBit(1, bodyStart + 3 * blockBytes + 5);
  const local = join(servers.folder, 'local');
  await writeFile(local, 'what was there');
  const { failures } = await servers.client().downloadFile('/file', local);
  expect(failures).toEqual([
    { path: '/file', message: expect.stringMatching(/part 2 .*storage server 2 \(.*wrong bytes/) },
  ]);
  expect(await readFile(local, 'utf8')).toBe('what was there');
});

test('other files are not affected', async () => {
  await store(session, '/whole', bytes.subarray(0, 1000));
  await flipBit(0, bodyStart);
  await expectRefused(0);
  expect(await retrieve(session, '/whole')).toEqual(bytes.subarray(0, 1000));
});
