/** Interrupted uploads: what arrived is kept where no complete file is, never seen as a file, and continued. */
import { readdir } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { PartialExpiry } from '../../src/coordinator/upkeep/partial-expiry.ts';
import { createLog } from '../../src/log/log.ts';
import { content, firstDifference } from './content.ts';
import { RawClient } from './ftp-raw-client.ts';
import { type PoolFixture, startPool } from './pool-fixture.ts';

const bytes = content(3_000_000, 1);

/** Sends the beginning of a file and waits until the coordinator has it. */
async function begin(
  { port }: PoolFixture,
  command: string,
  sent: Buffer,
): Promise<{ client: RawClient; data: Socket }> {
  const client = await RawClient.login(port);
  const offset = /^REST (\d+)\n/.exec(command)?.[0];
  const data = await client.data();
  if (offset) await client.ask(offset.trim());
  expect((await client.ask(command.slice(offset?.length ?? 0))).code).toBe(150);
  data.write(sent);
  await arrived(client, sent.length);
  return { client, data };
}

async function arrived(client: RawClient, length: number): Promise<void> {
  await vi.waitFor(async () => expect((await client.ask('STAT')).text).toContain(`${length} bytes so far`), {
    timeout: 20_000,
    interval: 5,
  });
}

/** Sends the beginning of a file and loses the data connection. */
async function interrupt(pool: PoolFixture, command: string, sent: Buffer): Promise<void> {
  const { client, data } = await begin(pool, command, sent);
  data.resetAndDestroy();
  expect((await client.reply()).code).toBe(426);
  client.destroy();
}

async function ask(port: number, ...commands: string[]): Promise<string[]> {
  const client = await RawClient.login(port);
  const replies: string[] = [];
  for (const command of commands) replies.push((await client.ask(command)).text);
  client.destroy();
  return replies;
}

async function sizeOf(port: number, path: string): Promise<string> {
  return (await ask(port, `SIZE ${path}`)).join();
}

async function store(port: number, command: string, sent: Buffer | string): Promise<string> {
  const client = await RawClient.login(port);
  const reply = await client.store(command, sent);
  client.destroy();
  return reply.text;
}

async function expectContent(port: number, path: string, expected: Buffer): Promise<void> {
  const client = await RawClient.login(port);
  const { reply, content: found } = await client.retrieve(`RETR ${path}`);
  expect(reply.code).toBe(226);
  expect(firstDifference(found, expected)).toBeUndefined();
  client.destroy();
}

/** Waits until the storage servers hold the parts of so many segments. */
async function expectSegments({ folders }: PoolFixture, count: number): Promise<void> {
  await vi.waitFor(
    async () => {
      for (const folder of folders) {
        const files = await readdir(folder, { recursive: true, withFileTypes: true });
        expect(files.filter((file) => file.isFile())).toHaveLength(count);
      }
    },
    { timeout: 30_000, interval: 50 },
  );
}

const interruptions: Readonly<Record<string, (client: RawClient, data: Socket) => void>> = {
  'its data connection is reset': (_client, data) => data.resetAndDestroy(),
  'it sends ABOR': (client) => client.send('ABOR\r\n'),
  'its control connection is reset': (client) => client.socket.resetAndDestroy(),
  'its control connection ends': (client) => client.socket.end(),
  'its program is killed': (client, data) => {
    client.destroy();
    data.destroy();
  },
};

describe('an upload of a new file is kept, not shown, and continued', () => {
  test.each(Object.entries(interruptions))('when %s', async (_name, interruptBy) => {
    const pool = await startPool();
    const { port } = pool;
    const { client, data } = await begin(pool, 'STOR /file', bytes.subarray(0, 1_234_567));
    interruptBy(client, data);
    await vi.waitFor(async () => expect(await sizeOf(port, '/file')).toBe('213 1234567'), {
      timeout: 20_000,
    });
    client.destroy();
    data.destroy();
    expect(await store(port, 'APPE /file', bytes.subarray(1_234_567))).toMatch(/^226 /);
    await expectContent(port, '/file', bytes);
    await expectSegments(pool, 2);
  });

  test('when it stands still for too long', async () => {
    const pool = await startPool({ limits: { stallMs: 300 } });
    const { client, data } = await begin(pool, 'STOR /file', bytes.subarray(0, 700_000));
    expect((await client.reply()).text).toMatch(/^426 .*stood still/);
    data.destroy();
    client.destroy();
    expect(await sizeOf(pool.port, '/file')).toBe('213 700000');
  });

  test('when it carries other than SITE EXPECT bytes', async () => {
    const { port } = await startPool();
    const client = await RawClient.login(port);
    await client.ask('SITE EXPECT 3000000');
    expect((await client.store('STOR /file', bytes.subarray(0, 1_000_000))).text).toMatch(
      /^426 1000000 bytes came, 3000000 were expected/,
    );
    // The announcement is of the bytes of one transfer, not of the whole file.
    await client.ask('SITE EXPECT 2000000');
    expect((await client.store('APPE /file', bytes.subarray(1_000_000))).code).toBe(226);
    client.destroy();
    await expectContent(port, '/file', bytes);
  });

  test('when nothing arrived, nothing is kept', async () => {
    const pool = await startPool();
    await interrupt(pool, 'STOR /file', Buffer.alloc(0));
    expect(await sizeOf(pool.port, '/file')).toMatch(/^550 /);
    await expectSegments(pool, 0);
  });

  test('again and again, with the checksum of the whole at the end', async () => {
    const pool = await startPool();
    const cuts = [1, 2, 300_000, 524_289, 2_000_000, 2_999_999];
    let from = 0;
    for (const to of cuts) {
      await interrupt(pool, from === 0 ? 'STOR /file' : `REST ${from}\nSTOR /file`, bytes.subarray(from, to));
      expect(await sizeOf(pool.port, '/file')).toBe(`213 ${to}`);
      from = to;
    }
    const client = await RawClient.login(pool.port);
    await client.ask(`REST ${from}`);
    expect((await client.store('STOR /file', bytes.subarray(from))).code).toBe(226);
    await client.ask('OPTS HASH CRC32');
    expect((await client.ask('HASH /file')).text).toContain(crc32(bytes).toString(16).padStart(8, '0'));
    client.destroy();
    await expectContent(pool.port, '/file', bytes);
  });
});

describe('a partial upload', () => {
  const part = bytes.subarray(0, 600_000);

  test('is no file to any other command', async () => {
    const pool = await startPool();
    const client = await RawClient.login(pool.port);
    await client.ask('MKD /d');
    await interrupt(pool, 'STOR /d/file', part);
    for (const command of ['LIST', 'NLST', 'MLSD']) {
      const { reply, content: listing } = await client.retrieve(`${command} /d`);
      expect(reply.code).toBe(226);
      expect(listing.toString()).toBe('');
    }
    expect((await client.ask('STAT /d')).text).not.toContain('file');
    for (const command of ['MLST', 'RNFR', 'HASH', 'CWD', 'STAT', 'MFMT 20200101000000']) {
      expect((await client.ask(`${command} /d/file`)).text, command).toMatch(
        /^550 .*600000 bytes; go on with APPE, or REST 600000 and STOR/,
      );
    }
    expect((await client.retrieve('RETR /d/file')).reply.text).toMatch(/^550 .*600000 bytes/);
    expect((await client.ask('MDTM /d/file')).text).toMatch(/^213 20\d{12}/);
    expect((await pool.catalogue.totals()).files).toBe(0);
    client.destroy();
  });

  test('is continued at its size only', async () => {
    const pool = await startPool();
    await interrupt(pool, 'STOR /file', part);
    for (const offset of [1, 599_999, 600_001]) {
      const client = await RawClient.login(pool.port);
      await client.ask(`REST ${offset}`);
      expect((await client.store('STOR /file', 'x')).text).toMatch(/^554 .*600000 bytes.* REST 600000/);
      client.destroy();
    }
    expect(await sizeOf(pool.port, '/file')).toBe('213 600000');
  });

  test('gives way to an upload that begins anew: when that is stored, or interrupted itself', async () => {
    const pool = await startPool();
    await interrupt(pool, 'STOR /file', part);
    await interrupt(pool, 'STOR /file', bytes.subarray(0, 10));
    expect(await sizeOf(pool.port, '/file')).toBe('213 10');
    await expectSegments(pool, 1);
    await interrupt(pool, 'STOR /file', Buffer.alloc(0)); // Nothing that could take its place.
    expect(await sizeOf(pool.port, '/file')).toBe('213 10');
    expect(await store(pool.port, 'STOR /file', bytes)).toMatch(/^226 /);
    await expectContent(pool.port, '/file', bytes);
    await expectSegments(pool, 1);
  });

  test.each([
    ['a folder is made there', ['MKD /file']],
    ['it is removed', ['DELE /file']],
    ['another file is renamed to it', ['RNFR /other', 'RNTO /file']],
    ['a folder is renamed to it', ['RNFR /folder', 'RNTO /file']],
  ])('goes when %s', async (_name, commands) => {
    const pool = await startPool();
    await store(pool.port, 'STOR /other', 'other');
    await ask(pool.port, 'MKD /folder');
    await interrupt(pool, 'STOR /file', part);
    await expectSegments(pool, 2);
    for (const reply of await ask(pool.port, ...commands)) expect(reply).toMatch(/^(?:2|350)/);
    await expectSegments(pool, 1);
    expect(await pool.catalogue.statPartial('/file')).toBeUndefined();
    expect(await store(pool.port, 'STOR /again', bytes)).toMatch(/^226/);
  });

  test('goes with its folder, which counts as empty, and moves with it', async () => {
    const pool = await startPool();
    await ask(pool.port, 'MKD /a', 'MKD /a/b');
    await interrupt(pool, 'STOR /a/b/file', part);
    await ask(pool.port, 'RNFR /a', 'RNTO /c');
    expect(await sizeOf(pool.port, '/c/b/file')).toBe('213 600000');
    expect(await ask(pool.port, 'RMD /c/b')).toEqual([expect.stringMatching(/^250/)]);
    await expectSegments(pool, 0);
  });

  test('never comes to be where a complete file is, whatever is interrupted', async () => {
    const pool = await startPool();
    await store(pool.port, 'STOR /file', bytes);
    await interrupt(pool, 'STOR /file', part);
    await interrupt(pool, 'APPE /file', part);
    await interrupt(pool, 'REST 3000000\nSTOR /file', part);
    expect(await sizeOf(pool.port, '/file')).toBe('213 3000000');
    await expectContent(pool.port, '/file', bytes);
    await expectSegments(pool, 1);
    // Nor where a file appeared during the upload.
    const { client, data } = await begin(pool, 'STOR /late', part);
    await store(pool.port, 'STOR /late', 'first');
    data.resetAndDestroy();
    expect((await client.reply()).code).toBe(426);
    client.destroy();
    await expectContent(pool.port, '/late', Buffer.from('first'));
    await expectSegments(pool, 2);
  });

  test('whose folder is gone when its upload is interrupted is dropped', async () => {
    const pool = await startPool();
    await ask(pool.port, 'MKD /a');
    const { client, data } = await begin(pool, 'STOR /a/file', part);
    expect(await ask(pool.port, 'RMD /a')).toEqual([expect.stringMatching(/^250/)]);
    data.resetAndDestroy();
    expect((await client.reply()).code).toBe(426);
    client.destroy();
    await expectSegments(pool, 0);
  });

  test('stays when a storage server fails while it is continued', async () => {
    const pool = await startPool();
    await interrupt(pool, 'STOR /file', part);
    const { client, data } = await begin(pool, 'APPE /file', bytes.subarray(600_000, 1_700_000));
    await pool.stopStorageServer(2);
    expect((await client.reply()).text).toMatch(/^451 storage server 2/);
    data.destroy();
    client.destroy();
    expect(await sizeOf(pool.port, '/file')).toBe('213 600000');
  });

  test('goes after its time, but not while it is continued', async () => {
    const pool = await startPool();
    const { catalogue, leases } = pool;
    await interrupt(pool, 'STOR /old', part);
    await interrupt(pool, 'STOR /continued', part);
    const { client, data } = await begin(pool, 'APPE /continued', bytes.subarray(600_000, 700_000));
    const log = createLog('test', 'silent');
    const expire = async (keepMs: number) => {
      const onGarbage = vi.fn();
      const expiry = new PartialExpiry({
        catalogue,
        leases,
        log,
        onGarbage,
        times: { keepMs, intervalMs: 10 },
      });
      await vi.waitFor(() => expect(onGarbage).toHaveBeenCalled(), { timeout: 500 }).catch(() => undefined);
      await expiry.stop();
    };
    await expire(3_600_000);
    expect(await sizeOf(pool.port, '/old')).toBe('213 600000');
    await expire(0);
    expect(await sizeOf(pool.port, '/old')).toMatch(/^550/);
    expect(await sizeOf(pool.port, '/continued')).toBe('213 600000');
    data.end(bytes.subarray(700_000));
    expect((await client.reply()).code).toBe(226);
    client.destroy();
    await expectContent(pool.port, '/continued', bytes);
  });
});

describe('several uploads of one path at once', () => {
  test('that begin anew: the last to be stored is the file, and nothing else is left', async () => {
    const pool = await startPool();
    const other = content(2_000_000, 2);
    const first = await begin(pool, 'STOR /file', bytes.subarray(0, 100_000));
    const second = await begin(pool, 'STOR /file', other.subarray(0, 100_000));
    second.data.end(other.subarray(100_000));
    expect((await second.client.reply()).code).toBe(226);
    first.data.end(bytes.subarray(100_000));
    expect((await first.client.reply()).code).toBe(226);
    await expectContent(pool.port, '/file', bytes);
    await expectSegments(pool, 1);
    for (const { client } of [first, second]) client.destroy();
  });

  test('that continue: who is stored first wins, the other is told', async () => {
    const pool = await startPool();
    await interrupt(pool, 'STOR /file', bytes.subarray(0, 100_000));
    const first = await begin(pool, 'APPE /file', bytes.subarray(100_000, 200_000));
    const second = await begin(pool, 'REST 100000\nSTOR /file', bytes.subarray(100_000, 300_000));
    const third = await begin(pool, 'APPE /file', bytes.subarray(100_000, 400_000));
    second.data.end(bytes.subarray(300_000));
    expect((await second.client.reply()).code).toBe(226);
    first.data.end(bytes.subarray(200_000));
    expect((await first.client.reply()).text).toMatch(/^450 .*changed by someone else/);
    third.data.resetAndDestroy();
    expect((await third.client.reply()).code).toBe(426);
    await expectContent(pool.port, '/file', bytes);
    await expectSegments(pool, 2);
    for (const { client } of [first, second, third]) client.destroy();
  });

  test('that continue and are interrupted: one of them goes on, never both', async () => {
    const pool = await startPool();
    await interrupt(pool, 'STOR /file', bytes.subarray(0, 100_000));
    const first = await begin(pool, 'APPE /file', bytes.subarray(100_000, 200_000));
    const second = await begin(pool, 'APPE /file', bytes.subarray(100_000, 700_000));
    for (const { client, data } of [first, second]) {
      data.resetAndDestroy();
      expect((await client.reply()).code).toBe(426);
      client.destroy();
    }
    expect(await sizeOf(pool.port, '/file')).toBe('213 200000');
    expect(await store(pool.port, 'APPE /file', bytes.subarray(200_000))).toMatch(/^226/);
    await expectContent(pool.port, '/file', bytes);
  });
});

test('any sequence of interruptions and continuations gives the bytes that were sent', async () => {
  const pool = await startPool({ storageServers: 3 });
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          length: fc.oneof(fc.integer({ min: 0, max: 2_000 }), fc.integer({ min: 0, max: 1_700_000 })),
          how: fc.constantFrom('APPE', 'REST'),
          interrupted: fc.constantFrom(...Object.keys(interruptions)),
        }),
        { minLength: 1, maxLength: 5 },
      ),
      fc.integer({ min: 0, max: 900_000 }),
      async (attempts, rest) => {
        const path = `/${++run}`;
        let kept = Buffer.alloc(0);
        const command = (how: string) => {
          if (kept.length === 0) return `STOR ${path}`;
          return how === 'APPE' ? `APPE ${path}` : `REST ${kept.length}\nSTOR ${path}`;
        };
        for (const { length, how, interrupted } of attempts) {
          const sent = content(length, run * 10 + kept.length);
          const { client, data } = await begin(pool, command(how), sent);
          interruptions[interrupted]?.(client, data);
          kept = Buffer.concat([kept, sent]);
          const expected = kept.length === 0 ? /^550/ : new RegExp(`^213 ${kept.length}$`);
          await vi.waitFor(async () => expect(await sizeOf(pool.port, path)).toMatch(expected), {
            timeout: 20_000,
            interval: 10,
          });
          client.destroy();
          data.destroy();
        }
        const end = content(rest, run);
        expect(await store(pool.port, command('APPE').replace(/^REST.*\n/, ''), end)).toMatch(/^226/);
        await expectContent(pool.port, path, Buffer.concat([kept, end]));
      },
    ),
    { numRuns: 25 },
  );
});

test('a reply to ABOR comes when what arrived is stored', async () => {
  const pool = await startPool();
  const { client, data } = await begin(pool, 'STOR /file', bytes.subarray(0, 900_000));
  const closed = new Promise((resolve) => data.once('close', resolve));
  client.send('ABOR\r\n');
  expect(await client.codes(2)).toEqual([426, 226]);
  expect((await client.ask('SIZE /file')).text).toBe('213 900000');
  await closed;
  client.destroy();
});
