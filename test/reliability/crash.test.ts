/** The coordinator killed at every crash point: nothing acknowledged is lost, nothing half-done is seen or left. */
import { expect, test } from 'vitest';
import { crashAt, crashesToTry } from './crash-run.ts';
import { patienceOfTests } from './rig.ts';

/** Of each kind two: with parts and journal records in a line, and with temporary names and renaming. */
const pool = { dataParts: 2, parityParts: 1, storageServers: 4, plain: 'every-other' } as const;

test.concurrent.each(crashesToTry())('$point', { timeout: patienceOfTests }, async ({ point, reaches }) => {
  for (const reach of reaches) {
    const { reached, during } = await crashAt(point, reach, pool);
    console.log(
      `${point}:${reach} ${reached ? `killed during ${during ?? 'the background'}` : 'not reached'}`,
    );
    if (reach === 1) expect(reached).toBe(true);
  }
});
