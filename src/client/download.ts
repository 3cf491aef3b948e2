import { mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Step } from './batch.ts';
import { Conflicts } from './conflicts.ts';
import { describeError, systemCode, UnreachableError } from './errors.ts';
import { type Attempts, downloadFile } from './file-transfer.ts';
import { LocalNames } from './local-names.ts';
import type { ConnectionPool } from './pool.ts';
import { retryingLost } from './retry.ts';
import type { FoundFile, RemoteEntry, TransferFailure, TransferOptions } from './transfer.ts';

export interface DownloadRoot {
  readonly remote: string;
  /** The file's or folder's own local path. */
  readonly local: string;
}

/** Downloads each file that {@link findDownloads} finds. */
export async function* walkDownloads(
  pool: ConnectionPool,
  roots: readonly DownloadRoot[],
  options: TransferOptions,
  signal: AbortSignal,
): AsyncGenerator<Step> {
  const conflicts = new Conflicts(options.onConflict);
  for await (const found of findDownloads(pool, roots, signal)) {
    if ('message' in found) yield found;
    else yield job(found);
  }

  function job({ source, target, size, modified }: FoundFile): Step {
    return {
      source,
      remotePath: source,
      size,
      async run(ended, onBytes) {
        const there = await localKind(target);
        if (there === 'directory') throw new Error(`${target} is a folder, and no file can take its place`);
        const exists = async () => there !== undefined;
        if ((await conflicts.choose(target, exists, ended)) === 'skip') return 'skipped';
        const attempts: Attempts = (work) => retryingLost(() => pool.use(work, ended), ended);
        return downloadFile(attempts, { path: source, modified }, target, onBytes);
      },
    };
  }
}

/** Walks files and folders of the coordinator, makes the local folders as it comes to them, yields the files. */
export async function* findDownloads(
  pool: ConnectionPool,
  roots: readonly DownloadRoot[],
  signal: AbortSignal,
): AsyncGenerator<FoundFile | TransferFailure> {
  for (const { remote, local } of roots) {
    const entry = await pool.use((connection) => connection.stat(remote), signal);
    if (entry === undefined) yield { path: remote, message: 'there is no such file or folder' };
    else {
      await mkdir(dirname(local), { recursive: true });
      yield* walk(entry, local);
    }
  }

  async function* walk(entry: RemoteEntry, local: string): AsyncGenerator<FoundFile | TransferFailure> {
    if (entry.kind === 'file') {
      yield { source: entry.path, target: local, size: entry.size, modified: entry.modified };
      return;
    }
    try {
      await mkdir(local, { recursive: true });
      const names = new LocalNames();
      for (const child of await pool.use((connection) => connection.list(entry.path), signal)) {
        const problem = names.take(child.name);
        if (problem === undefined) yield* walk(child, join(local, child.name));
        else yield { path: child.path, message: problem };
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof UnreachableError) throw error;
      yield { path: entry.path, message: describeError(error) };
    }
  }
}

async function localKind(path: string): Promise<'file' | 'directory' | undefined> {
  try {
    return (await stat(path)).isDirectory() ? 'directory' : 'file';
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
