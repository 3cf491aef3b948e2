import { access, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DroppedFiles } from '../../src/extension/transfers/dropped-files.ts';

let folder: string;
let dropped: DroppedFiles;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'splitftp-dropped-'));
  dropped = new DroppedFiles(join(folder, 'dropped'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const content = (name: string, text = name) => ({ name, read: async () => Buffer.from(text) });

test('contents keep their names, also two of one name, and go when they are stored', async () => {
  const paths = await dropped.keep([content('a ü.txt', 'one'), content('a ü.txt', 'two')]);
  expect(paths.map((path) => basename(path))).toEqual(['a ü.txt', 'a ü.txt']);
  expect(await Promise.all(paths.map((path) => readFile(path, 'utf8')))).toEqual(['one', 'two']);
  const mine = join(folder, 'mine.txt');
  await writeFile(mine, 'not dropped');
  await dropped.forget([...paths, mine]);
  for (const path of paths) await expect(access(path)).rejects.toThrow('ENOENT');
  expect(await readFile(mine, 'utf8')).toBe('not dropped');
});

test('a name cannot lead out of the folder', async () => {
  await expect(dropped.keep([content(join('..', '..', 'out.txt'))])).rejects.toThrow('name of a file');
  await expect(access(join(folder, 'out.txt'))).rejects.toThrow('ENOENT');
});

test('what nobody fetched for a month goes', async () => {
  const [old = ''] = await dropped.keep([content('old')]);
  const [recent = ''] = await dropped.keep([content('recent')]);
  const long = new Date(Date.now() - 31 * 24 * 3600 * 1000);
  await utimes(dirname(old), long, long);
  await dropped.keep([]);
  await expect(access(old)).rejects.toThrow('ENOENT');
  await access(recent);
});
