import { posix, win32 } from 'node:path';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { LocalNames, localNameProblem } from '../../src/client/local-names.ts';

test.each(['', '.', '..', 'a/b', '../a', 'a\0'])('%j is refused everywhere', (name) => {
  expect(localNameProblem(name, 'linux')).toBeDefined();
  expect(localNameProblem(name, 'win32')).toBeDefined();
});

test.each([
  'a\\b',
  'C:',
  'a?',
  'a.',
  'a ',
  'con',
  'NUL.txt',
  'com1',
  'LPT9.log',
  'aux .x',
  'CONIN$',
])('%j is refused on Windows alone', (name) => {
  expect(localNameProblem(name, 'linux')).toBeUndefined();
  expect(localNameProblem(name, 'win32')).toBeDefined();
});

test.each([
  'a',
  '.a',
  '-x',
  'a b',
  '"ä"'.slice(1, 2),
  'console',
  'com10',
  '...a',
  ' a',
])('%j is fine', (name) => {
  expect(localNameProblem(name, 'linux')).toBeUndefined();
  expect(localNameProblem(name, 'win32')).toBeUndefined();
});

test('a name that is taken stays in its folder', async () => {
  const characters = fc.constantFrom('.', '/', '\\', ':', ' ', 'C', 'a', '~', '\0');
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: characters, maxLength: 8 }), async (name) => {
      for (const [platform, path] of [['linux', posix] as const, ['win32', win32] as const]) {
        if (localNameProblem(name, platform) !== undefined) continue;
        const folder = path.resolve('/folder');
        expect(path.dirname(path.resolve(folder, name))).toBe(folder);
      }
    }),
    { numRuns: 2000 },
  );
});

test.each([
  'win32',
  'darwin',
] as const)('two names that %s takes for one: the second cannot be had', (platform) => {
  const names = new LocalNames(platform);
  expect(names.take('Notes.txt')).toBeUndefined();
  expect(names.take('notes.TXT')).toContain('"Notes.txt"');
  expect(names.take('B\u00fccher')).toBeUndefined();
  expect(names.take('Bu\u0308cher')).toContain('"B\u00fccher"');
  expect(new LocalNames(platform).take('notes.txt')).toBeUndefined();
});

test('where they are two names both can be had, but none that leads out', () => {
  const names = new LocalNames('linux');
  expect(names.take('Notes.txt')).toBeUndefined();
  expect(names.take('notes.txt')).toBeUndefined();
  expect(names.take('..')).toBeDefined();
});
