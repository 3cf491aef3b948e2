import { expect, onTestFinished, test } from 'vitest';
import type { StoredPart, StoredSegment } from '../../src/coordinator/catalogue/catalogue.ts';
import { Pool } from '../../src/coordinator/pool/pool.ts';
import { PartSelection } from '../../src/coordinator/segments/part-selection.ts';
import { FileSystemError } from '../../src/ftp/file-system.ts';
import { createLog } from '../../src/log/log.ts';

const mebibyte = 1024 * 1024;

/** A segment at 4+2 on six servers that take so many milliseconds for a MiB; `undefined` was not measured. */
function selection(
  times: readonly (number | undefined)[],
  missing: readonly number[] = [],
  overtaken: readonly number[] = [],
): PartSelection {
  const servers = times.map((_, index) => ({
    number: index + 1,
    host: '127.0.0.1',
    port: 1,
    account: { user: 'u', password: 'p' },
    folder: '/nowhere',
    tls: { mode: 'off', waived: false } as const,
  }));
  const pool = new Pool('pool', servers, createLog('test', 'silent'));
  onTestFinished(() => pool.close());
  for (const [index, time] of times.entries()) {
    if (time !== undefined) pool.server(index + 1).promptness.measured(mebibyte, time);
  }
  for (const index of overtaken) pool.server(index + 1).promptness.overtaken(300);
  const segment: StoredSegment = {
    id: 'a'.repeat(32),
    length: 4 * mebibyte,
    crc32: 0,
    layout: { dataParts: 4, parityParts: 2 },
    blockBytes: 256 * 1024,
    parts: times.map((_, index) => ({
      server: index + 1,
      headerBytes: 100,
      bytes: mebibyte,
      stored: !missing.includes(index),
      verified: new Date(0),
    })),
  };
  return new PartSelection(segment, pool);
}

/** The segment with one of its parts changed. */
function withPart({ segment }: PartSelection, index: number, change: Partial<StoredPart>): StoredSegment {
  return {
    ...segment,
    parts: segment.parts.map((part, each) => (each === index ? { ...part, ...change } : part)),
  };
}

test('data parts are read while no server is known to be slower', () => {
  expect(selection(Array.from({ length: 6 }, () => undefined)).choose(0)).toEqual({
    indices: [0, 1, 2, 3],
    spares: [4, 5],
  });
  expect(selection([100, 120, 250, 100, 90, 100]).choose(0).indices).toEqual([0, 1, 2, 3]);
});

test('parts on a server that takes more than three times as long come last, parity is read instead', () => {
  expect(selection([100, 400, 100, 100, 100, 100]).choose(0)).toEqual({
    indices: [0, 2, 3, 4],
    spares: [5, 1],
  });
  expect(selection([900, 100, 100, 900, 100, 100]).choose(0)).toEqual({
    indices: [1, 2, 4, 5],
    spares: [0, 3],
  });
});

test('what is quick enough for anybody is not compared', () => {
  expect(selection([1, 30, 1, 1, 1, 1]).choose(0).indices).toEqual([0, 1, 2, 3]);
});

test('a slower part is still better than a missing one, and one that lagged behind in this segment', () => {
  expect(selection([900, 100, 100, 100, 100, 100], [1, 2]).choose(0)).toEqual({
    indices: [0, 3, 4, 5],
    spares: [],
  });
  const chosen = selection([900, 100, 100, 100, 100, 100]);
  chosen.note({ index: 1, kind: 'slow', error: new FileSystemError('unavailable', 'it lags behind') });
  expect(chosen.choose(0)).toEqual({ indices: [2, 3, 4, 5], spares: [0] });
});

test('a server that answered later than another one is read last, also where no pace is known', () => {
  const unknown = Array.from({ length: 6 }, () => undefined);
  expect(selection(unknown, [], [1]).choose(0)).toEqual({ indices: [0, 2, 3, 4], spares: [5, 1] });
});

test('a part that was stored, moved or verified meanwhile is tried again, one that was not is not', () => {
  const parts = selection(Array.from({ length: 6 }, () => undefined));
  const failed = new FileSystemError('damaged', 'it is gone');
  for (const index of [0, 1, 2]) parts.note({ index, kind: 'damaged', error: failed });
  expect(() => parts.choose(0)).toThrow('3 of 6 parts can be read');
  expect(parts.renew(withPart(parts, 0, { stored: false }))).toBe(false);
  expect(() => parts.choose(0)).toThrow('3 of 6 parts can be read');
  expect(parts.renew(withPart(parts, 0, { stored: true }))).toBe(true);
  expect(parts.choose(0).indices).toEqual([0, 3, 4, 5]);
  parts.note({ index: 0, kind: 'damaged', error: failed });
  expect(parts.renew(parts.segment)).toBe(false);
  expect(parts.renew(withPart(parts, 1, { server: 2_000 }))).toBe(true);
  expect(parts.choose(0).indices).toEqual([1, 3, 4, 5]);
  parts.note({ index: 1, kind: 'damaged', error: failed });
  expect(parts.renew(withPart(parts, 2, { verified: new Date(1) }))).toBe(true);
  expect(parts.choose(0).indices).toEqual([2, 3, 4, 5]);
});
