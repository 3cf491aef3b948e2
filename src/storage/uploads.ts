import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { FileSystemError, type Upload } from '../ftp/file-system.ts';
import { translating } from './errors.ts';
import { FileSink } from './file-sink.ts';
import { syncFolder } from './sync-folder.ts';

/** Private folder in the root: on the same disk, so that a finished upload is moved by one rename. */
const areaName = '.splitftp-uploads';

/** Cases are not told apart where the disk may not do so either. */
const foldsCase = process.platform === 'win32' || process.platform === 'darwin';

/** The uploads under way in one folder: where their bytes are until they are whole, and which files they are for. */
export class UploadArea {
  readonly #path: string;
  /** Native paths that an upload will replace or add to. */
  readonly #busy = new Set<string>();

  /** Drops what an earlier run left. */
  static async open(root: string): Promise<UploadArea> {
    const path = join(root, areaName);
    await rm(path, { recursive: true, force: true });
    await mkdir(path, { mode: 0o700 });
    return new UploadArea(path);
  }

  private constructor(path: string) {
    this.#path = path;
  }

  /** Whether a native path is the area, or in it. */
  holds(native: string): boolean {
    const path = native.toLowerCase();
    const area = this.#path.toLowerCase();
    return path === area || path.startsWith(area + sep);
  }

  /** @throws FileSystemError `busy` while an upload to this path, or to one below it, is under way */
  refuseBusy(native: string): void {
    const key = keyOf(native);
    for (const busy of this.#busy) {
      if (busy === key || busy.startsWith(key + sep)) {
        throw new FileSystemError('busy', 'An upload to it is under way.');
      }
    }
  }

  /** Keeps a path busy until `release` is called, or `begin` fails. */
  async reserve<T>(native: string, begin: (release: () => void) => Promise<T>): Promise<T> {
    this.refuseBusy(native);
    const key = keyOf(native);
    const release = () => void this.#busy.delete(key);
    this.#busy.add(key);
    try {
      return await begin(release);
    } catch (error) {
      release();
      throw error;
    }
  }

  /** An upload that appears under its path at once and whole, and stays there whatever happens to the power. */
  async stage(target: string, signal: AbortSignal, release: () => void): Promise<Upload> {
    const staged = join(this.#path, randomUUID());
    const file = await open(staged, 'wx', 0o600);
    const sink = new FileSink(file, 0);
    const discard = async () => {
      await closeQuietly(sink, file);
      await rm(staged, { force: true }).catch(() => undefined);
      release();
    };
    return {
      offset: 0,
      stream: sink,
      abort: discard,
      commit: () =>
        translating(async () => {
          try {
            await sink.sync();
            await file.close();
            refuseAborted(signal);
            await rename(staged, target);
            await syncFolder(dirname(target));
          } catch (error) {
            await discard();
            throw error;
          }
          release();
          return stored(sink.bytes);
        }),
    };
  }
}

/** Adds to a file in place; when that fails it gets its old size back. */
export async function appendToFile(
  target: string,
  size: number,
  signal: AbortSignal,
  release: () => void,
): Promise<Upload> {
  const file = await open(target, constants.O_WRONLY | (constants.O_NOFOLLOW ?? 0));
  const sink = new FileSink(file, size);
  const revert = async () => {
    sink.destroy();
    await sink.idle();
    await file.truncate(size).catch(() => undefined);
    await closeQuietly(sink, file);
    release();
  };
  return {
    offset: size,
    stream: sink,
    abort: revert,
    commit: () =>
      translating(async () => {
        try {
          await sink.sync();
          refuseAborted(signal);
        } catch (error) {
          await revert();
          throw error;
        }
        await closeQuietly(sink, file);
        release();
        return stored(sink.bytes);
      }),
  };
}

function refuseAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new FileSystemError('aborted', 'The upload was aborted.');
}

/** Closing twice, or after an error, is no failure: what counts was synced before. */
async function closeQuietly(sink: FileSink, file: FileHandle): Promise<void> {
  sink.destroy();
  await sink.idle();
  await file.close().catch(() => undefined);
}

function keyOf(native: string): string {
  return foldsCase ? native.toLowerCase() : native;
}

function stored(bytes: number): string {
  return `Stored ${bytes} bytes.`;
}
