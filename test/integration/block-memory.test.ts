/**
 * The memory of a block is used again only when nobody reads it any more. A stranger writes over all memory that is free
 * while files move at any pace, break off, and lose storage servers: whoever still needed it would get other bytes.
 */
import { createHash } from 'node:crypto';
import { finished } from 'node:stream/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { BlockMemory } from '../../src/coordinator/segments/block-memory.ts';
import { defaultBlockBytes } from '../../src/coordinator/segments/part-format.ts';
import { Rig } from '../reliability/rig.ts';
import { content, firstDifference } from './content.ts';
import { RawClient } from './ftp-raw-client.ts';
import { type PoolFixture, startPool } from './pool-fixture.ts';
import { download } from './pool-transfers.ts';

/** In which order memory is used again is not known to anybody; so many pieces at once are all that may be free. */
const pieces = 32;
/** Bytes between two that are written over. */
const step = 4096;

function spoilFreeMemory(): void {
  let isOver = false;
  const spoil = () => {
    if (isOver) return;
    const taken = Array.from({ length: pieces }, () => BlockMemory.take(defaultBlockBytes));
    for (const memory of taken) {
      for (let at = 0; at < memory.whole.length; at += step) memory.whole[at] = 0xdb;
      memory.release();
    }
    setImmediate(spoil);
  };
  spoil();
  onTestFinished(() => {
    isOver = true;
  });
}

async function store({ port }: PoolFixture, path: string, bytes: Buffer): Promise<void> {
  const client = await RawClient.login(port);
  expect((await client.store(`STOR ${path}`, bytes)).code).toBe(226);
  client.destroy();
}

/** @param pause after each chunk. @param cut bytes after which the client is gone */
async function fetchFile(
  { port }: PoolFixture,
  path: string,
  { offset = 0, pause = async () => {}, cut = Number.POSITIVE_INFINITY } = {},
): Promise<Buffer> {
  const client = await RawClient.login(port);
  const data = await client.data();
  if (offset > 0) expect((await client.ask(`REST ${offset}`)).code).toBe(350);
  expect((await client.ask(`RETR ${path}`)).code).toBe(150);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of data) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= cut) break; // Which destroys the connection.
    await pause();
  }
  if (bytes < cut) expect((await client.reply()).code).toBe(226);
  client.destroy();
  return Buffer.concat(chunks);
}

test.each([
  { dataParts: 2, parityParts: 0 },
  { dataParts: 2, parityParts: 1 },
  { dataParts: 4, parityParts: 2 },
])('uploads and downloads side by side keep every byte: %o', { timeout: 240_000 }, async (layout) => {
  const pool = await startPool({ layout, storageServers: layout.dataParts + layout.parityParts });
  spoilFreeMemory();
  const files = Array.from({ length: 4 }, (_, index) => content(9_000_000 + index * 70_001, index));
  await Promise.all(files.map((bytes, index) => store(pool, `/${index}`, bytes)));
  const expectSame = async (found: Promise<Buffer>, expected: Buffer) =>
    expect(firstDifference(await found, expected)).toBeUndefined();
  const [first, second, third, fourth] = files;
  if (!first || !second || !third || !fourth) throw new Error('there are four');
  const cut = async (cut: number) => {
    const found = await fetchFile(pool, '/1', { cut });
    expect(firstDifference(found, second.subarray(0, found.length))).toBeUndefined();
  };
  await Promise.all([
    expectSame(fetchFile(pool, '/0'), first),
    expectSame(fetchFile(pool, '/1', { pause: nextTurn }), second),
    expectSame(fetchFile(pool, '/2', { offset: 1_234_567 }), third.subarray(1_234_567)),
    cut(1),
    cut(3_000_000),
    store(pool, '/4', fourth),
    loseStorageServers(),
  ]);
  await expectSame(fetchFile(pool, '/4'), fourth);

  /** As many as may be, in the middle of a download: the rest is computed from other parts. */
  async function loseStorageServers(): Promise<void> {
    let chunks = 0;
    const pause = async () => {
      if (++chunks !== 5) return;
      for (let number = 1; number <= layout.parityParts; number++) await pool.stopStorageServer(number);
    };
    await expectSame(fetchFile(pool, '/3', { pause }), fourth ?? Buffer.alloc(0));
  }
});

test('an upload that breaks off and is continued, with another one between, keeps every byte', {
  timeout: 240_000,
}, async () => {
  const pool = await startPool();
  spoilFreeMemory();
  const bytes = content(7_000_000, 1);
  const client = await RawClient.login(pool.port);
  const data = await client.data();
  expect((await client.ask('STOR /broken')).code).toBe(150);
  data.write(bytes.subarray(0, 4_000_000));
  await vi.waitFor(
    async () => expect((await client.ask('STAT')).text).toContain('4000000 bytes so far'),
    30_000,
  );
  data.resetAndDestroy();
  expect((await client.reply()).code).toBe(426);
  await store(pool, '/other', bytes);
  const partial = await pool.files.partialUpload('/broken');
  expect(partial?.size).toBe(4_000_000);
  expect((await client.store('APPE /broken', bytes.subarray(4_000_000))).code).toBe(226);
  for (const path of ['/other', '/broken']) {
    expect(firstDifference(await fetchFile(pool, path), bytes)).toBeUndefined();
  }
  client.destroy();
});

test('a block that was given back still serves to compute another one of its stripe', {
  timeout: 240_000,
}, async () => {
  const pool = await startPool({ layout: { dataParts: 2, parityParts: 1 }, storageServers: 3 });
  const bytes = content(9_000_000, 4);
  await store(pool, '/file', bytes);
  const { segments } = await pool.catalogue.openFile('/file');
  await pool.stopStorageServer(segments[0]?.parts[1]?.server ?? 0);
  const source = await pool.files.read('/file', 0);
  const giveBack = source.lend?.();
  const chunks: Buffer[] = [];
  source.on('data', (chunk: Buffer) => {
    chunks.push(Buffer.from(chunk));
    giveBack?.(chunk);
  });
  await finished(source);
  expect(firstDifference(Buffer.concat(chunks), bytes)).toBeUndefined();
});

test('whoever reads a file without borrowing keeps what he got', { timeout: 240_000 }, async () => {
  const pool = await startPool();
  spoilFreeMemory();
  const bytes = content(20_000_000, 2);
  await store(pool, '/file', bytes);
  for (const offset of [0, 1_234_567]) {
    const found = await download(pool, '/file', { offset });
    expect(firstDifference(found, bytes.subarray(offset))).toBeUndefined();
  }
  const client = await RawClient.login(pool.port);
  const { text } = await client.ask('HASH /file');
  expect(text).toContain(createHash('sha256').update(bytes).digest('hex'));
  client.destroy();
});

test('over TLS, to the client and to the storage servers', { timeout: 240_000 }, async () => {
  const settings = { FTP_TLS: 'required', FTP_TLS1: 'explicit', FTP_TLS2: 'implicit', FTP_TLS3: 'explicit' };
  const rig = await Rig.start({ dataParts: 2, parityParts: 1, timeout: 60, direct: true, settings });
  onTestFinished(() => rig.stop());
  spoilFreeMemory();
  const bytes = content(9_000_001, 3);
  const client = rig.client();
  onTestFinished(() => client.close());
  await client.write('/file', bytes);
  expect(firstDifference(await client.read('/file'), bytes)).toBeUndefined();
});
