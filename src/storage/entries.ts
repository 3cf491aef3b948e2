import { type BigIntStats, lstat, type Stats } from 'node:fs';
import { lstat as lstatExactly } from 'node:fs/promises';
import { sep } from 'node:path';
import { type Entry, FileSystemError } from '../ftp/file-system.ts';

/** Entries of a folder that are looked at side by side: none of the system's threads waits for the next name. */
const lookedAtOnce = 64;

/** What is at a place of the disk. Links, devices and the like are as if they were not there. */
export async function entryAt(native: string, name: string): Promise<Entry> {
  const entry = toEntry(name, await lstatExactly(native, { bigint: true }));
  if (!entry) throw new FileSystemError('missing', 'There is no such file or folder.');
  return entry;
}

/**
 * What has these names in a folder, in no particular order; what is gone by now is left out. Rejects with the system's
 * error. Callbacks, since a promise for each of many thousands of names costs more than the system's work.
 */
export function entriesIn(folder: string, names: readonly string[]): Promise<Entry[]> {
  const { promise, resolve, reject } = Promise.withResolvers<Entry[]>();
  const entries: Entry[] = [];
  let next = 0;
  let waiting = 0;
  const proceed = () => {
    const name = names[next++];
    if (name === undefined) {
      if (waiting === 0) resolve(entries);
      return;
    }
    waiting++;
    const take = (error: NodeJS.ErrnoException | null, found: Stats | BigIntStats) => {
      waiting--;
      if (error && error.code !== 'ENOENT') {
        next = names.length;
        reject(error);
        return;
      }
      const entry = error ? undefined : toEntry(name, found);
      if (entry) entries.push(entry);
      proceed();
    };
    const native = folder + sep + name;
    lstat(native, (error, found) => {
      // A number that was rounded is no identity.
      if (error || Number.isSafeInteger(found.ino)) take(error, found);
      else lstat(native, { bigint: true }, take);
    });
  };
  proceed();
  while (waiting > 0 && waiting < lookedAtOnce && next < names.length) proceed();
  return promise;
}

function toEntry(name: string, found: Stats | BigIntStats): Entry | undefined {
  const kind = found.isFile() ? 'file' : found.isDirectory() ? 'directory' : undefined;
  return (
    kind && {
      name,
      kind,
      size: kind === 'file' ? Number(found.size) : 0,
      modified: new Date(Number(found.mtimeMs)),
      unique: `${found.dev.toString(36)}.${found.ino.toString(36)}`,
    }
  );
}
