/** What the status bar and the Servers view say when something is wrong with the pool. */

import * as v from 'valibot';
import { expect, test } from 'vitest';
import { troubleOf } from '../../src/extension/health/pool-trouble.ts';
import { coordinatorReport, type StatusReport, storageServerReport } from '../../src/site/reports.ts';

const whole = { whole: 5, degraded: 0, unavailable: 0, lost: 0 };

function pool(
  health: Partial<typeof whole>,
  states: readonly string[],
  repairParts = 0,
): readonly StatusReport[] {
  const coordinator = v.parse(coordinatorReport, {
    kind: 'coordinator',
    version: '1',
    pool: 'p',
    layout: '2+1',
    files: 5,
    folders: 0,
    bytes: 0,
    partialUploads: 0,
    partialBytes: 0,
    garbage: 0,
    health: { ...whole, ...health },
    repair: {
      kind: 'repair',
      state: 'waiting',
      parts: repairParts,
      bytes: 1024 * repairParts,
      repairedParts: 0,
      repairedBytes: 0,
    },
  });
  const servers = states.map((state, index) =>
    v.parse(storageServerReport, {
      kind: 'storage server',
      number: index + 1,
      address: `host${index + 1}:21`,
      state,
      ...(state === 'down' && {
        reason: 'storage server 3 (host3:21) is down: nothing listens at that address',
      }),
      parts: 5,
      bytes: 0,
    }),
  );
  return [coordinator, ...servers];
}

test('a pool that is well has nothing to say', () => {
  expect(troubleOf(pool({}, ['up', 'up', 'draining', 'drained']))).toEqual({ severity: 'none', details: [] });
  expect(troubleOf([])).toEqual({ severity: 'none', details: [] });
});

test('a server that is down is named with its reason, and warns, while everything can be read', () => {
  expect(troubleOf(pool({ whole: 3, degraded: 2 }, ['up', 'up', 'down'], 1))).toEqual({
    severity: 'warning',
    details: [
      'Storage server 3 is down: nothing listens at that address',
      'Files: degraded: 2.',
      'Repair: 1 part to rebuild (1 KB).',
    ],
  });
});

test('files that are degraded while all servers are up mend by themselves: that is told, and warns nobody', () => {
  expect(troubleOf(pool({ degraded: 1 }, ['up', 'up', 'up'], 3))).toEqual({
    severity: 'none',
    details: ['Files: degraded: 1.', 'Repair: 3 parts to rebuild (3 KB).'],
  });
});

test('files that cannot be read are an error, the worst first', () => {
  const { severity, details } = troubleOf(
    pool({ whole: 0, degraded: 1, unavailable: 2, lost: 1 }, ['full', 'strange']),
  );
  expect(severity).toBe('error');
  expect(details).toEqual([
    'Storage server 1 is full.',
    'Storage server 2 is another one than before.',
    'Files: lost: 1, not readable now: 2, degraded: 1.',
  ]);
});
