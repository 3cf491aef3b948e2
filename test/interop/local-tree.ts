/** A folder of files on this machine, as people keep them: nested, empty, dated, with odd names. */
import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { content } from '../integration/content.ts';
import { oddNames } from './odd-names.ts';

/** Every second of them a second later, in the past: no file of a test's own time can be taken for one. */
const firstTime = Date.UTC(2011, 1, 3, 4, 5, 6);

export async function makeTree(folder: string): Promise<void> {
  const files = [
    ...oddNames.map((name) => `odd/${name}`),
    ...Array.from({ length: 30 }, (_, index) => `deep/${'down/'.repeat(index % 4)}file-${index}`),
  ];
  for (const [index, file] of files.entries()) {
    const path = join(folder, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content((index % 7) * 30_011, index));
    const time = new Date(firstTime + index * 1000);
    await utimes(path, time, time);
  }
  await mkdir(join(folder, 'empty'));
}

/** What a folder holds, with times in whole seconds, as MLSD tells them: equal for equal trees. */
export async function readTree(folder: string): Promise<Readonly<Record<string, string>>> {
  const tree: Record<string, string> = {};
  for (const path of (await readdir(folder, { recursive: true })).sort()) {
    const facts = await stat(join(folder, path));
    tree[path] = facts.isDirectory() ? 'folder' : await describe(join(folder, path), facts.mtime);
  }
  return tree;
}

async function describe(path: string, modified: Date): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', await readFile(path));
  return `${modified.toISOString().slice(0, 19)} ${Buffer.from(digest).toString('hex')}`;
}
