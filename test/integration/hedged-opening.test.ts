/** Downloads while a storage server does not answer: another part is opened beside it, before anything is given up. */
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { SqliteCatalogue } from '../../src/coordinator/catalogue/sqlite-catalogue.ts';
import { Pool } from '../../src/coordinator/pool/pool.ts';
import { Hedge } from '../../src/coordinator/segments/hedge.ts';
import { PartReader } from '../../src/coordinator/segments/part-reader.ts';
import { SparePart } from '../../src/coordinator/segments/spare-part.ts';
import { createLog } from '../../src/log/log.ts';
import { Rig } from '../reliability/rig.ts';
import { content, firstDifference } from './content.ts';
import { retrieve, store } from './ftp-session.ts';

const timeout = 120_000;
/** Seconds that a silent storage server is waited for where nobody else can stand in: longer than a test. */
const silence = 600;

afterEach(() => {
  vi.useRealTimers();
});

/** @param timeout seconds for which a silent storage server is waited for */
async function startRig(timeout = silence): Promise<Rig> {
  const rig = await Rig.start({ dataParts: 2, parityParts: 1, timeout });
  onTestFinished(() => rig.stop());
  return rig;
}

/** The storage servers of a rig without its coordinator. */
async function startServers(): Promise<{ readonly rig: Rig; readonly pool: Pool }> {
  const rig = await startRig();
  await rig.stopCoordinator();
  const pool = new Pool('pool', rig.configuration.storageServers, createLog('test', 'silent'));
  onTestFinished(() => pool.close());
  return { rig, pool };
}

/** Resolves when nobody holds a connection any more. */
async function expectAllGivenBack(pool: Pool): Promise<void> {
  await vi.waitFor(() => expect(pool.servers.map(({ places }) => places.inUse)).toEqual([0, 0, 0]), timeout);
}

describe('connecting', { timeout }, () => {
  test('a spare server is not asked while the others answer', async () => {
    const { rig, pool } = await startServers();
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }); // However slow this machine is.
    const connections = await pool.connect([1, 2], { spares: [3] });
    expect([...connections.lines.keys()].sort()).toEqual([0, 1]);
    expect(rig.proxy(3).connections).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
    connections.release();
    await expectAllGivenBack(pool);
  });

  test('a spare server takes the place of one that does not answer', async () => {
    const { rig, pool } = await startServers();
    rig.proxy(1).arm({ kind: 'stall', at: 'CONNECT' });
    const connections = await pool.connect([1, 2], { spares: [3] });
    expect([...connections.lines.keys()].sort()).toEqual([1, 2]);
    expect([...connections.failures]).toEqual([]);
    connections.release();
    // It is still being waited for, for whoever comes next.
    expect(pool.servers.map(({ places }) => places.inUse)).toEqual([1, 0, 0]);
    rig.proxy(1).arm(undefined);
    rig.proxy(1).resetAll();
    await expectAllGivenBack(pool);
  });

  test('a spare server that does not answer is waited for no longer than the late one', async () => {
    const { rig, pool } = await startServers();
    rig.proxy(1).latency = 50;
    rig.proxy(3).arm({ kind: 'stall', at: 'CONNECT' });
    const connections = await pool.connect([1, 2], { spares: [3] });
    expect([...connections.lines.keys()].sort()).toEqual([0, 1]);
    expect([...connections.failures]).toEqual([]);
    connections.release();
    rig.proxy(3).arm(undefined);
    rig.proxy(3).resetAll();
    await expectAllGivenBack(pool);
  });

  test('a spare server takes the place of one that is down, which is told', async () => {
    const { rig, pool } = await startServers();
    await rig.proxy(2).down();
    const connections = await pool.connect([1, 2], { spares: [3] });
    expect([...connections.lines.keys()].sort()).toEqual([0, 2]);
    expect(connections.failures.get(1)?.message).toContain('storage server 2');
    connections.release();
    await expectAllGivenBack(pool);
  });
});

/** A file in two data parts and a parity part, and the numbers of the storage servers of these. */
async function storeFile(rig: Rig): Promise<{ readonly bytes: Buffer; readonly servers: readonly number[] }> {
  const bytes = content(1_300_000, 3);
  const session = await rig.session();
  await store(session, '/file', bytes);
  session.close();
  const servers = (await rig.client().where('/file')).map(({ number }) => number);
  for (const proxy of rig.proxies) proxy.arm(undefined);
  return { bytes, servers };
}

// Here nobody is ever given up.
test.each(['SIZE', 'EPSV', 'RETR'])('no answer to %s: the spare part is opened', {
  timeout,
}, async (command) => {
  const rig = await startRig();
  const { servers } = await storeFile(rig);
  await rig.stopCoordinator();
  const catalogue = new SqliteCatalogue(rig.configuration.coordinator.folder);
  onTestFinished(() => catalogue.close());
  const pool = new Pool(catalogue.pool, rig.configuration.storageServers, createLog('test', 'silent'));
  onTestFinished(() => pool.close());
  const [segment] = (await catalogue.openFile('/file')).segments;
  const [slow = 0, other = 0, spare = 0] = servers;
  if (!segment) throw new Error('there is no segment');
  rig.proxy(slow).arm({ kind: 'stall', at: command });
  const connections = await pool.connect([slow, other]);
  const parts = new Map<number, PartReader>();
  for (const [index, line] of connections.lines)
    parts.set(index, new PartReader(line, catalogue.pool, segment, index, 0));
  const exchanged: number[][] = [];
  const hedge = new Hedge({
    parts,
    spares: [2],
    begin: (index) =>
      SparePart.begin({ server: pool.server(spare), poolId: catalogue.pool, segment, index, firstStripe: 0 }),
    exchange: (late, index, reader) => {
      exchanged.push([late, index]);
      const laggard = parts.get(late);
      parts.delete(late);
      parts.set(index, reader);
      connections.add(reader.line);
      if (laggard) connections.drop(laggard.line);
    },
    onSpareFailure: ({ error }) => {
      throw error;
    },
  });
  await Promise.all([...parts].map(([index, part]) => hedge.checked(index, part)));
  for (const part of parts.values()) if (!part.isStarted) part.start();
  await Promise.all([...parts].map(([index, part]) => hedge.ready(index, part)));
  expect(rig.proxy(slow).struck).toBe(1);
  expect(exchanged).toContainEqual([0, 2]);
  expect([...parts.values()].map(({ hasBlock }) => hasBlock)).toEqual([true, true]);
  connections.destroy();
  await expectAllGivenBack(pool);
});

test.each(['CONNECT', 'SIZE', 'EPSV', 'RETR'])('no answer to %s: what is read is right', {
  timeout,
}, async (command) => {
  const rig = await startRig(5); // It ends with upkeep, which may wait as well.
  const { bytes, servers } = await storeFile(rig);
  const [slow = 0, , spare = 0] = servers;
  rig.proxy(slow).arm({ kind: 'stall', at: command });
  if (command === 'CONNECT') rig.proxy(slow).resetAll();
  const session = await rig.session();
  expect(firstDifference(await retrieve(session, '/file'), bytes)).toBeUndefined();
  expect(rig.proxy(slow).struck).toBeGreaterThan(0);
  expect(rig.proxy(spare).seen.get('RETR')).toBeGreaterThan(0);
  session.close();
});
