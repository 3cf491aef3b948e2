import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Step } from './batch.ts';
import { Conflicts } from './conflicts.ts';
import { describeError, UnreachableError } from './errors.ts';
import { type Attempts, uploadFile } from './file-transfer.ts';
import { makeFolders } from './folders.ts';
import type { ConnectionPool } from './pool.ts';
import { retryingLost } from './retry.ts';
import type { FoundFile, TransferFailure, TransferOptions } from './transfer.ts';

export interface UploadRoot {
  readonly local: string;
  /** The file's or folder's own path on the coordinator. */
  readonly remote: string;
}

/** Uploads each file that {@link findUploads} finds. */
export async function* walkUploads(
  pool: ConnectionPool,
  roots: readonly UploadRoot[],
  options: TransferOptions,
  signal: AbortSignal,
): AsyncGenerator<Step> {
  const conflicts = new Conflicts(options.onConflict);
  for await (const found of findUploads(pool, roots, signal)) {
    if ('message' in found) yield found;
    else yield job(found);
  }

  function job({ source, target, size }: FoundFile): Step {
    return {
      source,
      remotePath: target,
      size,
      async run(ended, onBytes) {
        const exists = () => pool.use((c) => c.stat(target), ended).then((entry) => entry?.kind === 'file');
        if ((await conflicts.choose(target, exists, ended)) === 'skip') return 'skipped';
        const attempts: Attempts = (work) => retryingLost(() => pool.use(work, ended), ended);
        return uploadFile(attempts, source, target, onBytes);
      },
    };
  }
}

/** Walks local files and folders, makes the folders on the coordinator as it comes to them, yields the files. */
export async function* findUploads(
  pool: ConnectionPool,
  roots: readonly UploadRoot[],
  signal: AbortSignal,
): AsyncGenerator<FoundFile | TransferFailure> {
  for (const root of roots) yield* walk(root, []);

  /** @param above the real paths of the folders around it, by which a link back to one of them is known. */
  async function* walk(
    { local, remote }: UploadRoot,
    above: readonly string[],
  ): AsyncGenerator<FoundFile | TransferFailure> {
    try {
      signal.throwIfAborted();
      const found = await stat(local);
      if (found.isDirectory()) yield* walkFolder({ local, remote }, above);
      else if (found.isFile())
        yield { source: local, target: remote, size: found.size, modified: found.mtime };
      else yield { path: local, message: 'it is neither a file nor a folder' };
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof UnreachableError) throw error;
      yield { path: local, message: describeError(error) };
    }
  }

  async function* walkFolder(
    { local, remote }: UploadRoot,
    above: readonly string[],
  ): AsyncGenerator<FoundFile | TransferFailure> {
    const real = await realpath(local);
    if (above.includes(real)) {
      yield { path: local, message: 'it is a link to a folder that it is in, and is not followed' };
      return;
    }
    const names = await readdir(local);
    await pool.use((connection) => makeFolders(connection, remote), signal);
    for (const name of names.sort()) {
      const child = { local: join(local, name), remote: remote === '/' ? `/${name}` : `${remote}/${name}` };
      yield* walk(child, [...above, real]);
    }
  }
}
