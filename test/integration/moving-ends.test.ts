/** Moving parts ends where somebody ends it, also in the middle of a part. */
import { describe, expect, test, vi } from 'vitest';
import type { Clock } from '../../src/coordinator/upkeep/budget.ts';
import { content } from './content.ts';
import { UpkeepPool } from './upkeep-fixture.ts';

const layout = { dataParts: 2, parityParts: 1 };
const partBytes = 100_000;

/** A budget that is spent with every block: whoever moves one goes on when the test says so. */
class HeldClock implements Clock {
  readonly #held: (() => void)[] = [];
  #isOpen = false;
  sleeps = 0;

  now(): number {
    return performance.now();
  }

  async sleep(_milliseconds: number, signal: AbortSignal): Promise<void> {
    this.sleeps += 1;
    if (this.#isOpen) return;
    await new Promise<void>((resolve, reject) => {
      this.#held.push(resolve);
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  }

  async held(): Promise<void> {
    await vi.waitFor(() => expect(this.#held).not.toHaveLength(0), { timeout: 60_000, interval: 20 });
  }

  letGo(): void {
    for (const resolve of this.#held.splice(0)) resolve();
  }

  open(): void {
    this.#isOpen = true;
    this.letGo();
  }
}

async function heldPool(clock: HeldClock): Promise<UpkeepPool> {
  const pool = await UpkeepPool.start({ storageServers: 4, layout, clock, upkeep: { rate: 0.001 } });
  await pool.restart(3);
  for (let file = 0; file < 6; file++) await pool.upload(`/${file}`, content(2 * partBytes, file));
  await pool.restart(4);
  await pool.seen(4, true);
  await pool.upkeep.watch.lookAtAll();
  return pool;
}

describe('moving parts', { timeout: 120_000 }, () => {
  test('a rebalance that is ended in the middle of a part stays ended', async () => {
    const clock = new HeldClock();
    const pool = await heldPool(clock);
    const { mover } = pool.upkeep;
    await mover.startRebalance();
    await clock.held();
    await mover.stopRebalance();
    clock.open();
    await vi.waitFor(async () => expect((await mover.report()).movedParts).toBeGreaterThan(0), {
      timeout: 60_000,
    });
    await mover.stop(); // Now the round is over.
    expect(await mover.report()).toMatchObject({ state: 'idle', movedParts: 1 });
  });

  test('a rebalance that is begun again in the middle of a part begins anew', async () => {
    const clock = new HeldClock();
    const pool = await heldPool(clock);
    const { mover } = pool.upkeep;
    await mover.startRebalance();
    await clock.held();
    await mover.startRebalance();
    clock.open();
    await vi.waitFor(async () => expect((await mover.report()).state).toBe('idle'), { timeout: 60_000 });
    expect(await mover.report()).toMatchObject({ segments: 6, checkedSegments: 6 });
  });

  test('of a storage server that shall stay after all no further part is moved', async () => {
    const clock = new HeldClock();
    const pool = await heldPool(clock);
    await pool.upkeep.drain(2, true);
    await clock.held();
    await pool.upkeep.drain(2, false);
    const lookedFurther = Promise.withResolvers<string>();
    const { upkeep } = pool.catalogue;
    const note = upkeep.note.bind(upkeep);
    vi.spyOn(upkeep, 'note').mockImplementation((name) => {
      lookedFurther.resolve('next round'); // It asks for a rebalance when there is nothing to drain.
      return note(name);
    });
    const sleeps = clock.sleeps;
    clock.letGo();
    await lookedFurther.promise;
    expect(clock.sleeps).toBe(sleeps);
    expect(await pool.partFiles(4)).toHaveLength(1);
    clock.open();
  });
});
