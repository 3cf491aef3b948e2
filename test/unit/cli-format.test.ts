import { describe, expect, test } from 'vitest';
import { formatBytes, formatDuration, formatTable, plural } from '../../src/cli/format.ts';
import { describeProgress } from '../../src/cli/progress-line.ts';

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1024 * 1024 - 1, '1.0 MiB'],
  [4.5 * 1024 ** 3, '4.5 GiB'],
  [2 * 1024 ** 5, '2.0 PiB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  [0, '0:00'],
  [59.6, '1:00'],
  [61, '1:01'],
  [3661, '1:01:01'],
])('%d seconds are %s', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});

test('one is not plural', () => {
  expect([plural(0, 'file'), plural(1, 'file'), plural(2, 'file')]).toEqual(['0 files', '1 file', '2 files']);
});

test('columns are aligned, numbers to the right, nothing trails', () => {
  expect(
    formatTable(
      ['NAME', '>SIZE', ''],
      [
        ['a', '10 B', ''],
        ['long', '5 B', 'x'],
      ],
    ),
  ).toBe('NAME  SIZE\na     10 B\nlong   5 B  x\n');
  expect(formatTable(['', '>'], [])).toBe('');
});

describe('the progress line', () => {
  const progress = {
    current: '/films/a.mkv',
    filesDone: 1,
    filesTotal: 4,
    bytesDone: 1024 * 1024,
    bytesTotal: 4 * 1024 * 1024,
    counting: false,
  };

  test('says how far, how fast, how long', () => {
    expect(describeProgress(progress, 2)).toBe(
      '[######                  ]  25%  1.0 MiB of 4.0 MiB  1 of 4 files  512.0 KiB/s  0:06 left  /films/a.mkv',
    );
  });

  test('promises no end while files are still being counted', () => {
    const text = describeProgress({ ...progress, counting: true }, 2);
    expect(text).toContain('of 4.0 MiB+  1 of 4 files+');
    expect(text).not.toContain('left');
  });

  test('empty files count', () => {
    expect(describeProgress({ ...progress, bytesDone: 0, bytesTotal: 0 }, 2)).toContain(' 25%');
  });
});
