import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Entry } from '../../src/ftp/file-system.ts';
import {
  formatFacts,
  formatLong,
  formatTime,
  joinLines,
  parseTime,
  usualFacts,
} from '../../src/ftp/listing-format.ts';

const now = new Date('2026-11-22T12:00:00Z');
const file: Entry = {
  name: ' a "b" ',
  kind: 'file',
  size: 5_000_000_000,
  modified: new Date('2026-11-03T04:05:06Z'),
  unique: 'u1',
};
const folder: Entry = { ...file, name: 'sub', kind: 'directory', size: 0 };

describe('formatLong', () => {
  it('writes a file and a folder as ls -l does', () => {
    expect(formatLong(file, now)).toBe('-rw-r--r-- 1 ftp      ftp         5000000000 Nov  3 04:05  a "b" ');
    expect(formatLong(folder, now)).toBe('drwxr-xr-x 1 ftp      ftp                  0 Nov  3 04:05 sub');
  });

  it.each([
    ['2026-05-25T00:00:00Z', 'May 25 00:00'],
    ['2026-05-23T00:00:00Z', 'May 23  2026'],
    ['1999-12-31T23:59:59Z', 'Dec 31  1999'],
    ['2026-11-23T11:00:00Z', 'Nov 23 11:00'],
    ['2026-11-24T00:00:00Z', 'Nov 24  2026'],
  ])('shows the year of what is old or of the future: %s', (modified, shown) => {
    expect(formatLong({ ...file, modified: new Date(modified) }, now)).toContain(` ${shown} `);
  });
});

describe('formatFacts', () => {
  it('gives a folder no size', () => {
    expect(formatFacts(file, usualFacts, file.name)).toBe(
      'type=file;size=5000000000;modify=20261103040506;perm=adfrw;unique=u1;  a "b" ',
    );
    expect(formatFacts(folder, usualFacts, 'sub')).toBe(
      'type=dir;modify=20261103040506;perm=cdeflmp;unique=u1; sub',
    );
  });

  it('gives only the facts that are wanted', () => {
    expect(formatFacts(file, ['size'], 'x')).toBe('size=5000000000; x');
    expect(formatFacts(file, [], 'x')).toBe(' x');
    const exact = { ...file, modified: new Date('2026-11-03T04:05:06.078Z') };
    expect(formatFacts(exact, ['modify', 'x.milliseconds'], 'x')).toBe(
      'modify=20261103040506;x.milliseconds=78; x',
    );
  });
});

describe('times', () => {
  it('come back as they went, to the second', () => {
    const time = fc.date({ min: new Date('1970-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });
    fc.assert(
      fc.property(time, (date) => {
        const seconds = Math.floor(date.getTime() / 1000);
        expect(parseTime(formatTime(date))?.getTime()).toBe(seconds * 1000);
      }),
    );
  });

  it('may have a fraction', () => {
    expect(parseTime('20260102030405.5')?.toISOString()).toBe('2026-01-02T03:04:05.500Z');
    expect(parseTime('20260102030405.123456')?.toISOString()).toBe('2026-01-02T03:04:05.123Z');
  });

  it.each([
    '',
    '2026',
    '20260230000000',
    '20261301000000',
    '20260101250000',
    '2026010100000x',
    '20260101000000.',
  ])('refuses %j', (text) => {
    expect(parseTime(text)).toBeUndefined();
  });
});

describe('joinLines', () => {
  it('writes thousands of lines in few pieces and loses none', () => {
    const lines = Array.from({ length: 20_000 }, (_, index) => `line ${index}`);
    const pieces = [...joinLines(lines)];
    expect(pieces.length).toBeLessThan(10);
    expect(pieces.join('')).toBe(lines.map((line) => `${line}\r\n`).join(''));
  });

  it('writes nothing for nothing', () => {
    expect([...joinLines([])]).toEqual([]);
  });
});
