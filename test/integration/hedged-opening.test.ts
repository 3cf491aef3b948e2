/** Downloads while a storage server does not answer: another part is opened beside it, before anything is given up. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { Pool } from '../../src/coordinator/pool/pool.ts';
import { createLog } from '../../src/log/log.ts';
import { Rig } from '../reliability/rig.ts';
import { content, firstDifference } from './content.ts';
import { receive, store } from './ftp-session.ts';

const timeout = 120_000;
/** Seconds that a silent storage server is waited for where nobody else can stand in: longer than a test. */
const silence = 600;

afterEach(() => {
  vi.useRealTimers();
});

async function startRig(): Promise<Rig> {
  const rig = await Rig.start({ dataParts: 2, parityParts: 1, timeout: silence });
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

test.each([
  'CONNECT',
  'SIZE',
  'EPSV',
  'RETR',
])('no answer to %s: the spare part is read, and nobody is given up', { timeout }, async (command) => {
  const rig = await startRig();
  const bytes = content(1_300_000, 3);
  const session = await rig.session();
  await store(session, '/file', bytes);
  const [slow = 0, other = 0, spare = 0] = (await rig.client().where('/file')).map(({ number }) => number);
  for (const proxy of rig.proxies) proxy.arm(undefined);
  rig.proxy(slow).arm({ kind: 'stall', at: command });
  if (command === 'CONNECT') rig.proxy(slow).resetAll();
  // Time goes on just as far as it takes until a part is late, and never until a server is given up.
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
  const reading = receive(session, '/file');
  const seen = (server: number, each: string) => rig.proxy(server).seen.get(each) ?? 0;
  await vi.waitFor(() => expect(seen(other, 'SIZE')).toBeGreaterThan(0), timeout);
  for (let step = 0; step < 70 && seen(spare, 'SIZE') === 0; step++) {
    vi.advanceTimersByTime(25);
    await delay(50);
  }
  const { bytes: read, error } = await reading;
  vi.useRealTimers();
  expect(error).toBeUndefined();
  expect(firstDifference(read, bytes)).toBeUndefined();
  expect(rig.proxy(slow).struck).toBeGreaterThan(0);
  expect(seen(spare, 'RETR')).toBe(1);
  // Nothing was opened again from the beginning.
  expect(seen(other, 'RETR')).toBe(1);
  session.close();
});
