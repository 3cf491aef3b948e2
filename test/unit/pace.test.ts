/** Speed and time left in the Transfers view, also of many small files. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { movesSmallFiles, secondsLeft } from '../../src/extension/transfers/pace.ts';
import { Speedometer } from '../../src/extension/transfers/speedometer.ts';
import { describeMovement, formatDuration } from '../../src/extension/transfers/transfer-words.ts';

const MB = 1024 ** 2;

describe('time left', () => {
  test('of files as large as those before is as long as those took, however quick the line can be', () => {
    const amount = (max: number) => fc.double({ min: 1, max, noNaN: true });
    fc.assert(
      fc.property(amount(1e6), amount(1e9), amount(1e5), amount(100), (size, line, files, faster) => {
        const perFile = 0.01 + size / line;
        const pace = { bytes: size / perFile, files: 1 / perFile, bestBytes: (size / perFile) * faster };
        const left = secondsLeft({ bytes: files * size, files }, pace) ?? 0;
        if (pace.files >= 2) expect(left / (files * perFile)).toBeCloseTo(1, 6);
      }),
    );
  });

  test('of a few large files is that of their bytes', () => {
    const pace = { bytes: 10 * MB, files: 0.2, bestBytes: 50 * MB };
    expect(secondsLeft({ bytes: 600 * MB, files: 3 }, pace)).toBeCloseTo(60);
  });

  test('of one large file behind many small ones is not that of a line as slow as those made it', () => {
    const rest = { bytes: 20_000 * 4096 + 10_240 * MB, files: 20_001 };
    // 100 small files a second take 200 s, and the large one 102 s at 100 MB/s.
    const pace = { bytes: 100 * 4096, files: 100, bestBytes: 100 * MB };
    expect(secondsLeft(rest, pace)).toBeGreaterThan(290);
    expect(secondsLeft(rest, pace)).toBeLessThan(320);
    // Not even while no large file has been seen, though it is only an estimate then: by bytes it would be 7 hours.
    expect(secondsLeft(rest, { ...pace, bestBytes: pace.bytes })).toBeLessThan(3600);
  });

  test('of empty files is that of the files', () => {
    expect(secondsLeft({ bytes: 0, files: 500 }, { bytes: 0, files: 50, bestBytes: 0 })).toBeCloseTo(10);
  });

  test('is not told where nothing moves', () => {
    expect(secondsLeft({ bytes: 1, files: 1 }, { bytes: 0, files: 0, bestBytes: MB })).toBeUndefined();
  });
});

describe('in words', () => {
  const small = { bytes: 38 * 4096, files: 38, bestBytes: 38 * 4096 };
  test.for([
    [
      { bytes: 400 * MB, bytesDone: 100 * MB, filesLeft: 1, pace: { ...small, bytes: 10 * MB, files: 0 } },
      '30 s left, 10 MB/s, 100 MB of 400 MB',
    ],
    [
      { bytes: 20_000 * 4096, bytesDone: 8_600 * 4096, filesLeft: 11_400, pace: small },
      '5 min left, 38 files/s, 34 MB of 78 MB',
    ],
    // The total is not known yet.
    [{ bytes: 20_000 * 4096, bytesDone: 8_600 * 4096, pace: small }, '38 files/s, 34 MB of 78 MB'],
    [{ bytes: 400 * MB, bytesDone: 100 * MB, filesLeft: 1 }, '100 MB of 400 MB'],
    [
      { bytes: 400 * MB, bytesDone: 100 * MB, filesLeft: 1, count: '3 of 4 files' },
      '3 of 4 files, 100 MB of 400 MB',
    ],
    [
      { bytes: MB, bytesDone: 0, filesLeft: 1, pace: { bytes: 0, files: 0, bestBytes: 0 } },
      '0 bytes of 1 MB',
    ],
  ] as const)('%j', ([movement, words]) => expect(describeMovement(movement)).toBe(words));

  test.for([
    [0, '1 s'],
    [59.4, '59 s'],
    [59.6, '1 min'],
    [3599, '1 h 0 min'],
    [7199, '2 h 0 min'],
    [5400, '1 h 30 min'],
    [90_000, '25 h'],
  ] as const)('%d s is %s', ([seconds, words]) => expect(formatDuration(seconds)).toBe(words));

  test('files of 1 MB and more are told by their bytes, however many they are', () => {
    expect(movesSmallFiles({ bytes: 40 * MB, files: 20, bestBytes: 0 })).toBe(false);
    expect(movesSmallFiles({ bytes: 10 * MB, files: 20, bestBytes: 0 })).toBe(true);
    expect(movesSmallFiles({ bytes: 1, files: 1, bestBytes: 0 })).toBe(false);
  });
});

describe('a speed', () => {
  test('that begins after a pause is not that of the pause', () => {
    let time = 60_000;
    const speedometer = new Speedometer(() => time);
    for (; time < 62_000; time += 50) speedometer.moved(1_000);
    expect(speedometer.speed).toBeGreaterThan(19_000);
    expect(speedometer.speed).toBeLessThan(21_000);
  });

  test('is not that of a first block that a buffer took at once', () => {
    let time = 0;
    const speedometer = new Speedometer(() => time);
    speedometer.moved(1_000_000);
    time += 10;
    speedometer.moved(1_000_000);
    expect(speedometer.speed).toBe(2_000_000);
    expect(speedometer.best).toBe(0);
  });

  test('that was highest for a while is remembered', () => {
    let time = 0;
    const speedometer = new Speedometer(() => time);
    for (; time < 10_000; time += 50) speedometer.moved(1_000);
    for (; time < 30_000; time += 50) speedometer.moved(10);
    expect(speedometer.speed).toBeLessThan(300);
    expect(speedometer.best).toBeGreaterThan(19_000);
  });
});
