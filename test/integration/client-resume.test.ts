/** The split client goes on with a file whose session was lost in the middle. */
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { Connection } from '../../src/client/connection.ts';
import { type Attempts, downloadFile, uploadFile } from '../../src/client/file-transfer.ts';
import { SplitClient } from '../../src/client/split-client.ts';
import { content, firstDifference } from './content.ts';
import { openSession } from './ftp-session.ts';
import { startServers, type TestServers } from './servers.ts';

const bytes = content(40_000_000, 1);

let servers: TestServers;
let folder: string;
let file: string;

beforeAll(async () => {
  servers = await startServers();
});
afterAll(() => servers.stop());

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'splitftp-resume-'));
  file = join(folder, 'file');
  await writeFile(file, bytes);
});
afterEach(() => rm(folder, { recursive: true }));

/** The first session ends in the middle; `between` runs before the second one. */
function losing(between: () => Promise<void>) {
  const offsets: number[] = [];
  let connection: Connection | undefined;
  let moved = 0;
  const open = async () => {
    const opened = await Connection.open(servers.configuration.coordinator);
    onTestFinished(() => opened.close());
    const { store, retrieve } = opened;
    opened.store = (source, path, offset = 0) => {
      offsets.push(offset);
      return store.call(opened, source, path, offset);
    };
    opened.retrieve = (path, destination, offset = 0) => {
      offsets.push(offset);
      return retrieve.call(opened, path, destination, offset);
    };
    return opened;
  };
  const attempts: Attempts = async (work) => {
    connection = await open();
    await expect(work(connection)).rejects.toThrow();
    connection = undefined;
    await between();
    return work(await open());
  };
  const onBytes = (count: number) => {
    moved += count;
    if (moved > bytes.length / 4) connection?.cancel();
  };
  return { attempts, onBytes, offsets, moved: () => moved };
}

async function expectStored(path: string): Promise<void> {
  const { failures } = await servers.client().downloadFile(path, join(folder, 'copy'));
  expect(failures).toEqual([]);
  expect(firstDifference(await readFile(join(folder, 'copy')), bytes)).toBeUndefined();
}

/** Waits until the coordinator has kept what arrived. */
async function kept(path: string): Promise<void> {
  const session = await openSession(servers.configuration.coordinator);
  await vi.waitFor(async () => expect(await session.size(path)).toBeGreaterThan(0), { timeout: 20_000 });
  session.close();
}

test('an upload goes on behind what the coordinator kept', async () => {
  const { attempts, onBytes, offsets, moved } = losing(() => kept('/up'));
  expect(await uploadFile(attempts, file, '/up', onBytes)).toBe(bytes.length);
  expect(offsets).toEqual([0, expect.any(Number)]);
  expect(offsets[1]).toBeGreaterThan(0);
  expect(moved()).toBe(bytes.length);
  await expectStored('/up');
});

test('an upload begins anew where a file has appeared meanwhile', async () => {
  const { attempts, onBytes, offsets, moved } = losing(async () => {
    await writeFile(join(folder, 'other'), 'other');
    await servers.client().uploadFile(join(folder, 'other'), '/taken');
  });
  await uploadFile(attempts, file, '/taken', onBytes);
  expect(offsets).toEqual([0, 0]);
  expect(moved()).toBe(bytes.length);
  await expectStored('/taken');
});

test('an upload that was continued with other bytes is noticed, and removed', async () => {
  const { attempts, onBytes } = losing(async () => {
    await kept('/mixed');
    const session = await openSession(servers.configuration.coordinator);
    await session.remove('/mixed');
    // Somebody else's, interrupted as well: fewer bytes than were sent from here.
    await session.send('SITE EXPECT 2');
    await writeFile(join(folder, 'one'), 'x');
    await expect(session.uploadFrom(join(folder, 'one'), '/mixed')).rejects.toThrow('2 were expected');
    session.close();
  });
  await expect(uploadFile(attempts, file, '/mixed', onBytes)).rejects.toThrow(
    'the copy on the server differed from the file and was removed',
  );
  expect(await servers.client().stat('/mixed')).toBeUndefined();
});

test('a download goes on behind what is on the disk', async () => {
  await servers.client().uploadFile(file, '/down');
  const entry = await servers.client().stat('/down');
  if (!entry) throw new Error('the upload has vanished');
  const { attempts, onBytes, offsets, moved } = losing(async () => {});
  const target = join(folder, 'target');
  expect(await downloadFile(attempts, entry, target, onBytes)).toBe(bytes.length);
  expect(offsets[1]).toBeGreaterThan(0);
  expect(moved()).toBe(bytes.length);
  expect(firstDifference(await readFile(target), bytes)).toBeUndefined();
  expect((await readdir(folder)).sort()).toEqual(['file', 'target']);
});

test('a client whose control connections are cut in the middle ends with every file whole', async () => {
  const pairs = new Set<Socket>();
  const { host, port } = servers.configuration.coordinator;
  const proxy = createServer((client) => {
    const coordinator = connect(port, host);
    for (const [from, to] of [
      [client, coordinator],
      [coordinator, client],
    ] as const) {
      pairs.add(from);
      from.on('error', () => undefined);
      from.once('close', () => {
        pairs.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const address: AddressInfo | string | null = proxy.address();
  if (typeof address !== 'object' || !address) throw new Error('the proxy has no port');
  const client = new SplitClient({ ...servers.configuration.coordinator, port: address.port });
  const cutOnce = () => {
    let cut = false;
    let before = 0;
    return ({ bytesDone }: { bytesDone: number }) => {
      expect(bytesDone).toBeGreaterThanOrEqual(before);
      before = bytesDone;
      if (cut || bytesDone < bytes.length / 4) return;
      cut = true;
      for (const socket of pairs) socket.resetAndDestroy();
    };
  };
  try {
    const up = await client.uploadFile(file, '/cut', { onProgress: cutOnce() });
    expect(up).toMatchObject({ files: 1, bytes: bytes.length, failures: [] });
    const down = await client.downloadFile('/cut', join(folder, 'down'), { onProgress: cutOnce() });
    expect(down).toMatchObject({ files: 1, bytes: bytes.length, failures: [] });
    expect(firstDifference(await readFile(join(folder, 'down')), bytes)).toBeUndefined();
  } finally {
    client.close();
    for (const socket of pairs) socket.destroy();
    proxy.close();
  }
});
