import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PartFormatError } from '../segments/part-format.ts';
import { JoinError } from './join-error.ts';
import { LocalPart, UnreadablePartError } from './local-part.ts';

/** One segment of a file, as far as parts of it were found. */
export interface LocalSegment {
  readonly id: string;
  readonly position: number;
  /** ISO 8601: when the first of its parts was begun. */
  readonly written: string;
  /** By index; of some there may be copies. */
  readonly parts: ReadonlyMap<number, readonly LocalPart[]>;
}

/** A file of which parts were found. */
export interface LocalFile {
  readonly id: string;
  /** When its newest part was written. */
  readonly path: string;
  readonly written: string;
  readonly segments: readonly LocalSegment[];
}

export interface FoundParts {
  readonly files: readonly LocalFile[];
  /** What was taken for a part and cannot be used, with the reason. */
  readonly unusable: readonly string[];
}

/**
 * Reads the headers of all part files.
 * @param paths files and folders; folders with all that is below them, where files that are no parts are passed over
 * @throws JoinError when a path does not exist, or a file that was named is no part
 */
export async function findParts(paths: readonly string[]): Promise<FoundParts> {
  const parts = new Map<string, LocalPart[]>();
  const unusable: string[] = [];
  for await (const { path, named } of filesIn(paths)) {
    try {
      const part = await LocalPart.read(path);
      parts.set(part.header.file, [...(parts.get(part.header.file) ?? []), part]);
    } catch (error) {
      if (!(error instanceof PartFormatError)) throw error;
      const isUnreadable = error instanceof UnreadablePartError;
      if (named && !isUnreadable) throw new JoinError(`${path} cannot be used: ${error.message}`);
      // By its name it is one of ours, so the person should know.
      if (named || /[\\/][0-9a-f]{32}\.\d+$/.test(path)) unusable.push(`${path}: ${error.message}`);
    }
  }
  return { files: [...parts].map(([id, all]) => toFile(id, all)), unusable };
}

async function* filesIn(paths: readonly string[]): AsyncGenerator<{ path: string; named: boolean }> {
  for (const path of paths) {
    const found = await stat(path).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (!found) throw new JoinError(`There is no file or folder ${path}.`);
    if (found.isDirectory()) yield* filesBelow(path);
    else yield { path, named: true };
  }
}

async function* filesBelow(folder: string): AsyncGenerator<{ path: string; named: boolean }> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (entry.isFile() && !entry.name.endsWith('.partial')) yield { path, named: false };
  }
}

function toFile(id: string, parts: readonly LocalPart[]): LocalFile {
  const newest = parts.reduce((a, b) => (a.header.written < b.header.written ? b : a));
  const segments = [...Map.groupBy(parts, ({ header }) => header.segment)].map(([segment, own]) => ({
    id: segment,
    position: own[0]?.header.position ?? 0,
    written: own.map(({ header }) => header.written).sort()[0] ?? '',
    parts: Map.groupBy(own, ({ header }) => header.index),
  }));
  segments.sort((a, b) => a.position - b.position);
  return { id, path: newest.header.path, written: newest.header.written, segments };
}
