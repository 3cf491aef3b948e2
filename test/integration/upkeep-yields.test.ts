/** Upkeep steps back while clients transfer. Its clock moves only when the test says so: blocks are counted, not timed. */
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { describe, expect, test, vi } from 'vitest';
import { type Clock, costBesideTransfers } from '../../src/coordinator/upkeep/budget.ts';
import { content } from './content.ts';
import { UpkeepPool } from './upkeep-fixture.ts';

const timeout = 240_000;
const step = 100;
/** Megabytes per second: a block in every step. */
const rate = (256 * 1024) / (step * 1000);
const bytes = content(48 * 1024 * 1024, 1);

/** Time that passes only when somebody says so. */
class ManualClock implements Clock {
  #time = 0;
  #sleepers: { readonly until: number; readonly wake: () => void }[] = [];
  /** How often somebody went on after waiting, so blocks. */
  woken = 0;

  now(): number {
    return this.#time;
  }

  sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#sleepers.push({ until: this.#time + milliseconds, wake: resolve });
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  }

  get isAwaited(): boolean {
    return this.#sleepers.length > 0;
  }

  advance(milliseconds: number): void {
    this.#time += milliseconds;
    const due = this.#sleepers.filter(({ until }) => until <= this.#time + 0.001);
    this.#sleepers = this.#sleepers.filter((sleeper) => !due.includes(sleeper));
    this.woken += due.length;
    for (const { wake } of due) wake();
  }
}

/** How many blocks upkeep handles in so many steps of the clock. */
async function blocksIn(steps: number, clock: ManualClock, transfer?: () => Promise<void>): Promise<number> {
  const before = clock.woken;
  for (let count = 0; count < steps; count++) {
    await vi.waitFor(() => expect(clock.isAwaited).toBe(true), { timeout: 60_000, interval: 2 });
    await transfer?.();
    clock.advance(step);
  }
  return clock.woken - before;
}

/** Resolves when the client has got a piece more. */
async function readPiece(source: Readable): Promise<void> {
  while (source.read() === null) await once(source, 'readable');
}

describe.each([
  {
    what: 'repair',
    scrubDays: 30,
    begin: async (pool: UpkeepPool) => {
      const [task] = await pool.catalogue.upkeep.segmentsAfter(0, 1);
      const { id = '', parts = [] } = task?.segment ?? {};
      await pool.catalogue.markPartMissing(id, 2, parts[2]?.server ?? 0);
      pool.upkeep.repairer.wake();
    },
  },
  {
    what: 'scrub',
    scrubDays: -1, // Every part is due at any time, also one that was written this very moment.
    begin: async (pool: UpkeepPool) => pool.upkeep.scrubber.wake(),
  },
])('$what', { timeout }, ({ scrubDays, begin }) => {
  test('steps back while a client transfers, without stopping, and goes on afterwards', async () => {
    const clock = new ManualClock();
    const pool = await UpkeepPool.start({
      storageServers: 3,
      layout: { dataParts: 2, parityParts: 1 },
      upkeep: { rate, scrubDays },
      clock,
    });
    await pool.upload('/file', bytes);
    clock.advance(10_000); // The upload is long over.
    await begin(pool);
    expect(await blocksIn(20, clock)).toBe(20);

    const source = await pool.files.read('/file', 0);
    await blocksIn(10, clock, () => readPiece(source));
    expect(await blocksIn(20, clock, () => readPiece(source))).toBe(20 / costBesideTransfers);
    source.destroy();

    await blocksIn(20, clock);
    expect(await blocksIn(20, clock)).toBe(20);
  });
});

test('the only connection to a server is not kept for a budget that is spent', { timeout }, async () => {
  const clock = new ManualClock();
  const pool = await UpkeepPool.start({
    storageServers: 3,
    layout: { dataParts: 2, parityParts: 1 },
    upkeep: { rate, scrubDays: -1 },
    connections: 1,
    clock,
  });
  await pool.upload('/file', bytes.subarray(0, 4 * 1024 * 1024));
  pool.upkeep.scrubber.wake();
  await vi.waitFor(() => expect(clock.isAwaited).toBe(true), { timeout: 60_000 });
  // Its clock stands: only giving up what it does lets the others in.
  await Promise.all(pool.members.servers.map((server) => server.use((connection) => connection.ping())));
});

describe('a verification that somebody has asked for', { timeout }, () => {
  test('steps back as well, also where upkeep is switched off, and is done at once afterwards', async () => {
    const clock = new ManualClock();
    const pool = await UpkeepPool.start({
      storageServers: 3,
      layout: { dataParts: 2, parityParts: 1 },
      upkeep: { rate: 0 },
      clock,
    });
    await pool.upload('/file', bytes);
    const source = await pool.files.read('/file', 0);
    await readPiece(source); // The clock stands: from here on a client transfers.
    const { verifications } = pool.upkeep;
    const { id } = await verifications.start('/');
    await blocksIn(20, clock, () => readPiece(source));
    expect(verifications.report(id)).toMatchObject({ state: 'running', checkedParts: 0 });
    source.destroy();
    const isDone = () => {
      clock.advance(600_000); // Who waits is woken; the transfer is long over.
      expect(verifications.report(id).state).toBe('done');
    };
    await vi.waitFor(isDone, { timeout: 60_000 });
    expect(verifications.report(id)).toMatchObject({ checkedParts: 3, damaged: 0, unreachable: 0 });
  });
});
