import { expect, test } from 'vitest';
import { issueData } from '../../src/extension/issue-data.ts';
import type { StatusReport } from '../../src/site/reports.ts';

const secret = 'nas.home of ann at /home/ann';

const reports: StatusReport[] = [
  {
    kind: 'coordinator',
    version: '1.2.3',
    pool: secret,
    layout: '2+1',
    files: 7,
    folders: 2,
    bytes: 1000,
    tls: { mode: 'required', fingerprint: secret },
    partialUploads: 0,
    partialBytes: 0,
    garbage: 0,
    journal: { waiting: 3, copies: 2, reason: secret },
    repair: {
      kind: 'repair',
      state: 'waiting',
      parts: 1,
      bytes: 5,
      repairedParts: 0,
      repairedBytes: 0,
      reason: secret,
    },
    rebalance: {
      kind: 'rebalance',
      state: 'waiting',
      segments: 4,
      checkedSegments: 0,
      movedParts: 0,
      movedBytes: 0,
      reason: secret,
    },
  },
  {
    kind: 'storage server',
    number: 1,
    address: secret,
    state: 'down',
    reason: secret,
    draining: false,
    domain: secret,
    can: ['SIZE', 'REST'],
    parts: 3,
    bytes: 400,
    missing: 1,
    errors: 9,
  },
];

test('an issue has the state of the pool, and no name, address or path', () => {
  const text = issueData(reports).join('\n');
  for (const part of secret.split(' ')) expect(text).not.toContain(`${part}"`);
  expect(text).not.toContain(secret);
  for (const fact of ['1.2.3', '"2+1"', '"waiting"', '"down"', '"errors":9', '"required"', 'REST'])
    expect(text).toContain(fact);
});
