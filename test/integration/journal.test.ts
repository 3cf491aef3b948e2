/** The journal of a catalogue's changes on storage servers, inside the test's process. */

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { SqliteCatalogue } from '../../src/coordinator/catalogue/sqlite-catalogue.ts';
import { Journal } from '../../src/coordinator/journal/journal.ts';
import { Snapshots } from '../../src/coordinator/journal/snapshots.ts';
import { Pool } from '../../src/coordinator/pool/pool.ts';
import { rebuildCatalogue } from '../../src/coordinator/rebuild/rebuild.ts';
import { type FtpServer, startFtpServer } from '../../src/ftp/server.ts';
import { createLog } from '../../src/log/log.ts';
import { Folder } from '../../src/storage/folder.ts';
import { isPresent } from '../tools.ts';
import { dumpCatalogue } from './catalogue-dump.ts';
import { temporaryFolder } from './ftp-server-fixture.ts';

const log = createLog('test', 'silent');
const account = { user: 'u', password: 'p' };
const tls = { mode: 'off', waived: false } as const;
type SnapshotLimits = NonNullable<ConstructorParameters<typeof Snapshots>[0]['limits']>;

class Machine {
  readonly root: string;
  readonly folders: string[];
  readonly ports: number[] = [];
  readonly #servers = new Map<number, FtpServer>();

  private constructor(root: string, count: number) {
    this.root = root;
    this.folders = Array.from({ length: count }, (_, index) => join(root, `storage${index + 1}`));
  }

  static async start(count: number): Promise<Machine> {
    const machine = new Machine(await temporaryFolder(), count);
    onTestFinished(async () => {
      for (const number of [...machine.#servers.keys()]) await machine.stop(number);
    });
    for (let number = 1; number <= count; number++) await machine.run(number, 0);
    return machine;
  }

  async run(number: number, port = this.ports[number - 1] ?? 0): Promise<void> {
    const folder = await Folder.open(this.folders[number - 1] ?? '');
    const server = await startFtpServer({
      host: '127.0.0.1',
      port,
      log,
      greeting: 'Test',
      login: async () => ({ fileSystem: folder }),
    });
    this.#servers.set(number, server);
    this.ports[number - 1] = server.port;
  }

  async stop(number: number): Promise<void> {
    await this.#servers.get(number)?.close();
    this.#servers.delete(number);
  }

  get configurations() {
    return this.ports.map((port, index) => ({
      number: index + 1,
      host: '127.0.0.1',
      port,
      account,
      folder: this.folders[index] ?? '',
      tls,
    }));
  }

  /** A catalogue that is journalled as by a coordinator. */
  open(parityParts: number, times: { readonly retryMs?: number; readonly patienceMs?: number } = {}) {
    const catalogue = new SqliteCatalogue(join(this.root, 'coordinator'));
    const pool = new Pool(catalogue.pool, this.configurations, log);
    let shipped = 0;
    const journal = new Journal({
      poolId: catalogue.pool,
      outbox: catalogue.journal,
      pool,
      parityParts,
      log,
      onShipped: () => {
        shipped += 1;
      },
      times: { retryMs: 100, ...times },
    });
    let closed = false;
    const close = async () => {
      if (closed) return;
      closed = true;
      await journal.stop();
      pool.close();
      await catalogue.close();
    };
    onTestFinished(close);
    return {
      catalogue,
      journal,
      close,
      rounds: () => shipped,
      snapshots: (limits: SnapshotLimits) =>
        new Snapshots({
          poolId: catalogue.pool,
          outbox: catalogue.journal,
          journal,
          pool,
          folder: join(this.root, 'coordinator'),
          log,
          limits,
        }),
    };
  }

  async files(number: number): Promise<string[]> {
    const all = await readdir(this.folders[number - 1] ?? '', { recursive: true });
    return all
      .filter((name) => /[\\/]journal[\\/]/.test(name))
      .map((name) => name.split(/[\\/]/).at(-1) ?? '')
      .sort();
  }

  /** The catalogue is lost and rebuilt; compared with what it was. */
  async expectRebuilt(): Promise<void> {
    const folder = join(this.root, 'coordinator');
    const before = dumpCatalogue(folder);
    await rm(folder, { recursive: true });
    await rebuildCatalogue({
      folder,
      storageServers: this.configurations,
      acceptLoss: false,
      log,
      onProgress: () => undefined,
    });
    expect(dumpCatalogue(folder)).toEqual(before);
  }
}

const rarely = { entriesPerRecord: 1_000, intervalMs: 1_000_000 };

async function lookOnce(snapshots: Snapshots): Promise<void> {
  await snapshots.idle();
  await snapshots.stop();
}

/** A file of one segment, of which nothing is stored. @returns the segment's id */
async function commitFile(catalogue: SqliteCatalogue, path: string, length: number): Promise<string> {
  const id = randomBytes(16).toString('hex');
  const layout = { dataParts: 2, parityParts: 0 };
  await catalogue.beginSegment({ id, layout, blockBytes: 262144, servers: [1, 2] });
  const part = { headerBytes: 300, bytes: 600, stored: true };
  const segments = [{ id, length, crc32: 1, parts: [part, part] }];
  await catalogue.commitFile(path, { file: `file ${id}`, append: undefined, segments });
  return id;
}

test('a record is on one more server than may be lost; changes at the same time share a file', async () => {
  const machine = await Machine.start(3);
  const { catalogue, journal, close } = machine.open(1);
  await journal.ship();
  const before = (await machine.files(1)).length;
  const names = Array.from({ length: 200 }, (_, index) => `/folder ${index}`);
  await Promise.all(
    names.map(async (name) => {
      await catalogue.makeDirectory(name);
      await journal.ship();
    }),
  );
  expect(journal.state).toEqual({ waiting: 0, copies: 2 });
  expect((await machine.files(1)).length).toBeLessThanOrEqual(before + 3);
  expect(await machine.files(2)).toEqual(await machine.files(1));
  expect(await machine.files(3)).toHaveLength(1); // It knows the pool, and is spared the rest.
  await close();
  await machine.expectRebuilt();
});

test('its files can be read by a person, and every line has its sum', async () => {
  const machine = await Machine.start(2);
  const { catalogue, journal } = machine.open(0);
  await catalogue.makeDirectory('/a b');
  await journal.ship();
  const [name = ''] = await machine.files(1);
  const text = await readFile(join(machine.folders[0] ?? '', catalogue.pool, 'journal', name), 'utf8');
  const lines = text.trimEnd().split('\n');
  expect(lines.every((line) => /^[0-9a-f]{8} \{/.test(line))).toBe(true);
  expect(text).toContain('"change":"entry"');
  expect(text).toContain('"name":"a b"');
});

test('a server that is down holds up nothing, and gets later what it lacks', async () => {
  const machine = await Machine.start(2);
  const { catalogue, journal, rounds } = machine.open(0);
  await journal.ship();
  await machine.stop(2);
  await catalogue.makeDirectory('/a');
  await catalogue.makeDirectory('/b');
  await journal.ship();
  expect(journal.state).toMatchObject({
    waiting: 2,
    copies: 2,
    reason: expect.stringContaining('storage server 2'),
  });
  expect(await machine.files(1)).toHaveLength(2);
  const before = rounds();
  await machine.run(2);
  await vi.waitFor(() => expect(journal.state).toEqual({ waiting: 0, copies: 2 }), { timeout: 30_000 });
  expect(rounds()).toBeGreaterThan(before);
  expect(await machine.files(2)).toHaveLength(2);
});

test('a server that never answers holds up nobody while there are others', async () => {
  const machine = await Machine.start(3);
  await machine.stop(1);
  const sockets: Socket[] = [];
  const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
  const address = silent.address();
  machine.ports[0] = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const { catalogue, journal } = machine.open(1, { patienceMs: 60_000 });
  await catalogue.makeDirectory('/a');
  await journal.ship();
  expect(journal.state.waiting).toBe(0);
  expect(await machine.files(2)).toEqual(await machine.files(3));
});

test('a server that refuses the login is not asked again with every change', async () => {
  const machine = await Machine.start(2);
  await machine.stop(2);
  let logins = 0;
  const refusing = await startFtpServer({
    host: '127.0.0.1',
    port: 0,
    log,
    greeting: 'Test',
    login: async () => {
      logins += 1;
      return { refused: 'wrong-password' };
    },
    limits: { failedLoginDelayMs: 1 },
  });
  onTestFinished(() => refusing.close());
  machine.ports[1] = refusing.port;
  const start = performance.now();
  const { catalogue, journal } = machine.open(0, { retryMs: 1 });
  for (let index = 0; index < 200; index++) {
    await catalogue.makeDirectory(`/${index}`);
    await journal.ship();
  }
  const seconds = (performance.now() - start) / 1000;
  expect(journal.state.reason).toContain('storage server 2');
  expect(journal.state.reason).toContain('refuses the login');
  expect(logins).toBeGreaterThan(0);
  expect(logins).toBeLessThanOrEqual(1 + Math.log2(seconds + 1));
});

test('what was recorded and not shipped when the coordinator ended is shipped at its next start', async () => {
  const machine = await Machine.start(2);
  for (const number of [1, 2]) await machine.stop(number);
  const first = machine.open(0);
  await first.catalogue.makeDirectory('/a');
  await first.journal.ship();
  expect(first.journal.state.waiting).toBe(2);
  await first.close();
  for (const number of [1, 2]) await machine.run(number);
  const second = machine.open(0);
  await vi.waitFor(() => expect(second.journal.state.waiting).toBe(0), { timeout: 30_000 });
  await second.close();
  await machine.expectRebuilt();
});

test('what a change made garbage stays until the storage servers know of the change', async () => {
  const machine = await Machine.start(2);
  const { catalogue, journal } = machine.open(0);
  const id = await commitFile(catalogue, '/a', 5);
  await journal.ship();
  await machine.stop(2);
  await catalogue.removeFile('/a');
  expect(await catalogue.garbage(1, 10)).toEqual([]);
  await journal.ship();
  expect(await catalogue.garbage(1, 10)).toEqual([]);
  await machine.run(2);
  await vi.waitFor(
    async () => expect(await catalogue.garbage(1, 10)).toEqual([{ segment: id, index: 0, settled: true }]),
    { timeout: 30_000 },
  );
});

test('snapshots take the place of old records, and the one before stays', async () => {
  const machine = await Machine.start(3);
  const { catalogue, journal, close, snapshots } = machine.open(1);
  const take = () => lookOnce(snapshots({ ...rarely, records: 10 }));
  const change = async (from: number, count: number) => {
    for (let index = from; index < from + count; index++) {
      await catalogue.makeDirectory(`/${index}`);
      await journal.ship();
    }
  };
  await change(0, 20);
  await take();
  const first = await machine.files(1);
  expect(first.filter((name) => name.endsWith('.snapshot.gz'))).toHaveLength(1);
  expect(first.length).toBeGreaterThan(20);
  await change(20, 5);
  await take(); // Too few records for another one.
  expect((await machine.files(3)).filter((name) => name.endsWith('.snapshot.gz'))).toHaveLength(1);
  await change(25, 20);
  await catalogue.removeDirectory('/3');
  await catalogue.rename('/4', '/5/four');
  await journal.ship();
  await take();
  const second = await machine.files(1);
  expect(second.filter((name) => name.endsWith('.snapshot.gz'))).toHaveLength(2);
  expect(second.find((name) => name.endsWith('.journal'))).toMatch(/^0001-0000000000(21|22)-/);
  await change(45, 3);
  await close();
  for (const number of [1, 2, 3]) {
    await machine.stop(number);
    await machine.expectRebuilt();
    await machine.run(number);
  }
});

test('many small files become one, and what was recorded stays', async () => {
  const machine = await Machine.start(2);
  const { catalogue, journal, close, snapshots } = machine.open(0);
  for (let index = 0; index < 250; index++) {
    await catalogue.makeDirectory(`/${index}`);
    await journal.ship();
  }
  await machine.stop(2);
  const look = () => lookOnce(snapshots({ records: 10_000 }));
  await look();
  const [merged, ...others] = await machine.files(1);
  expect(merged).toBe('0001-000000000001-000000000251.journal');
  expect(others).toEqual([]);
  expect((await machine.files(2)).length).toBeGreaterThan(100); // It was down.
  await machine.run(2);
  await look();
  expect(await machine.files(2)).toEqual(await machine.files(1));
  await catalogue.makeDirectory('/after');
  await journal.ship();
  await close();
  await machine.stop(1);
  await machine.expectRebuilt();
});

test.runIf(isPresent('python3'))('the script in docs/recovery.md reads it', async () => {
  const docs = await readFile(resolve(import.meta.dirname, '../../docs/recovery.md'), 'utf8');
  const script = /```python\n(.*?)```/s.exec(docs)?.[1] ?? '';
  const machine = await Machine.start(2);
  const { catalogue, journal, snapshots } = machine.open(0);
  await catalogue.makeDirectory('/d');
  await commitFile(catalogue, '/d/ä', 5);
  await commitFile(catalogue, '/gone', 6);
  await journal.ship();
  await lookOnce(snapshots({ ...rarely, records: 1 }));
  await catalogue.removeFile('/gone');
  await commitFile(catalogue, '/late', 7);
  await catalogue.rename('/d', '/e');
  await journal.ship();
  const output = execFileSync('python3', ['-c', script], { cwd: machine.folders[1], encoding: 'utf8' });
  expect(output.trim().split('\n').sort()).toEqual(['5 /e/ä', '7 /late']);
});

test('a snapshot is read together with what was changed while it was written', async () => {
  const machine = await Machine.start(2);
  const { catalogue, journal, close, snapshots } = machine.open(0);
  for (let index = 0; index < 1_500; index++) await catalogue.makeDirectory(`/${index}`);
  await journal.ship();
  const running = snapshots({ ...rarely, records: 10 });
  let index = 0;
  for (; catalogue.journal.snapshot === 0; index++) {
    await catalogue.rename(`/${index}`, `/${index + 1}/moved`);
    await catalogue.makeDirectory(`/${index}`);
    await catalogue.removeDirectory(`/${1_499 - index}`);
    await journal.ship();
  }
  expect(index).toBeGreaterThan(1);
  await running.stop();
  await close();
  await machine.expectRebuilt();
});
