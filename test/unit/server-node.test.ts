/** Rows of the Servers view: what is wrong is said, early in the row, and upkeep that waits says for what. */
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { loadConfiguration } from '../../src/config/load.ts';
import type { ServersState } from '../../src/extension/servers.ts';
import { itemOf, nodesOf } from '../../src/extension/servers-view/server-node.ts';
import { coordinatorReport, type StatusReport, storageServerReport } from '../../src/site/reports.ts';

const configuration = await loadConfiguration({
  environment: {
    FTP_USER: 'me',
    FTP_PASSWORD: 'secret',
    FTP_PORT: '2121',
    FTP_SERVER: '127.0.0.1',
    FTP_USER1: 'one',
    FTP_PASSWORD1: 'secret1',
    FTP_PORT1: '2122',
    FTP_USER2: 'two',
    FTP_PASSWORD2: 'secret2',
    FTP_PORT2: '2123',
  },
});
const running: ServersState & { kind: 'running' } = { kind: 'running', configuration, startedHere: true };
const coordinator = {
  kind: 'coordinator',
  version: '1',
  pool: 'p',
  layout: '2+1',
  files: 1,
  folders: 0,
  bytes: 100,
  partialUploads: 0,
  partialBytes: 0,
  garbage: 0,
};
const storage = {
  kind: 'storage server',
  number: 2,
  address: '127.0.0.1:2123',
  state: 'up',
  parts: 1,
  bytes: 2048,
};

function rows(ofCoordinator: object, ofStorage: object = {}) {
  const reports: StatusReport[] = [
    v.parse(coordinatorReport, { ...coordinator, ...ofCoordinator }),
    v.parse(storageServerReport, { ...storage, ...ofStorage }),
  ];
  const items = nodesOf(running, reports).map(itemOf);
  return Object.fromEntries(items.map((item) => [item.id, item]));
}

test('a pool that is well', () => {
  const { coordinator: first, 'storage 2': second, rebalance } = rows({});
  expect(first?.description).toBe('2+1, 1 file, 100 bytes, 127.0.0.1:2121');
  expect(second?.description).toBe('up, 1 part, 2 KB, 127.0.0.1:2123');
  expect(rebalance).toBeUndefined();
});

test('what is wrong stands before what is only good to know, and is read out with its reason', () => {
  const health = { whole: 0, degraded: 1, unavailable: 2, lost: 0 };
  const journal = { waiting: 3, copies: 2, reason: 'storage server 2 is away' };
  const reason = 'storage server 2 (127.0.0.1:2123) is down: nothing listens at that address';
  const { coordinator: first, 'storage 2': second } = rows(
    { health, journal },
    { state: 'down', reason, missing: 4, errors: 1 },
  );
  expect(first?.description).toMatch(/^2\+1, 1 file, not readable now: 2, degraded: 1, 100 bytes/);
  expect(first?.iconPath).toMatchObject({ id: 'error' });
  expect(first?.tooltip).toContain(
    'Changes that too few storage servers know of: 3\nstorage server 2 is away',
  );
  expect(second?.description).toBe('down, 1 part, 4 missing, errors: 1, 2 KB, 127.0.0.1:2123');
  expect(second?.accessibilityInformation?.label).toBe(
    `Storage server 2, ${second?.description}, nothing listens at that address`,
  );
});

test('repair and rebalance are seen as long as they go on, and say what they wait for', () => {
  const repair = {
    kind: 'repair',
    state: 'waiting',
    parts: 1,
    bytes: 0,
    repairedParts: 1,
    repairedBytes: 1,
    reason: 'storage server 2 is down',
  };
  const rebalance = {
    kind: 'rebalance',
    state: 'running',
    segments: 2000,
    checkedSegments: 10,
    movedParts: 1,
    movedBytes: 1024,
  };
  const first = rows({ repair, rebalance });
  expect(first.repair?.description).toBe(
    '1 part to rebuild, waiting: storage server 2 is down, 1 part rebuilt',
  );
  expect(first.rebalance?.description).toBe('10 of 2,000, 1 part moved (1 KB)');
  expect(first.rebalance?.contextValue).toBe('rebalance');
  const later = rows({
    repair: { ...repair, state: 'running', bytes: 2048, repairedParts: 0 },
    rebalance: { ...rebalance, state: 'waiting' },
  });
  expect(later.repair?.description).toBe('1 part to rebuild (2 KB)');
  expect(later.rebalance?.description).toBe('10 of 2,000, 1 part moved (1 KB), waiting');
  expect(rows({ rebalance: { ...rebalance, state: 'idle' } }).rebalance).toBeUndefined();
});
