import { constants } from 'node:fs';
import { lutimes, mkdir, open, readdir, realpath, rename, rmdir, statfs, unlink } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import type { Readable } from 'node:stream';
import {
  type Entry,
  type FileSystem,
  FileSystemError,
  type Upload,
  type WriteMode,
} from '../ftp/file-system.ts';
import { hasControlCharacter, nameOf } from '../ftp/virtual-path.ts';
import { entriesIn, entryAt } from './entries.ts';
import { translating } from './errors.ts';
import { nativePath } from './native-path.ts';
import { syncFolder } from './sync-folder.ts';
import { appendToFile, UploadArea } from './uploads.ts';

/** Bytes read from the disk at once. */
const readBytes = 262_144;

/**
 * Serves one folder of the disk, and nothing outside of it. Symbolic links are neither shown nor followed: the real
 * folder of everything that is touched must lie within the root.
 */
export class Folder implements FileSystem {
  readonly #root: string;
  readonly #uploads: UploadArea;

  /** Creates the folder if need be; rejects with the system's error when it cannot be used. One server a folder. */
  static async open(path: string): Promise<Folder> {
    await mkdir(path, { recursive: true });
    const root = await realpath(path);
    return new Folder(root, await UploadArea.open(root));
  }

  private constructor(root: string, uploads: UploadArea) {
    this.#root = root;
    this.#uploads = uploads;
  }

  stat(path: string): Promise<Entry> {
    return translating(async () => {
      const native = await this.#locate(path);
      return entryAt(native, nameOf(path));
    });
  }

  /** Without names that no client could ask for: a line end in one would make two entries of it. */
  list(path: string): Promise<readonly Entry[]> {
    return translating(async () => {
      const native = await this.#locateFolder(path);
      const names: string[] = [];
      for (const found of await readdir(native, { withFileTypes: true })) {
        const shown =
          (found.isFile() || found.isDirectory()) &&
          !hasControlCharacter(found.name) &&
          !this.#uploads.holds(join(native, found.name));
        if (shown) names.push(found.name);
      }
      return entriesIn(native, names);
    });
  }

  makeDirectory(path: string): Promise<void> {
    return translating(async () => {
      const native = await this.#locate(path);
      await mkdir(native);
      await syncFolder(dirname(native));
    });
  }

  removeDirectory(path: string): Promise<void> {
    return translating(async () => {
      const native = await this.#locateFolder(path);
      if (native === this.#root) throw new FileSystemError('denied', 'The root cannot be removed.');
      this.#uploads.refuseBusy(native);
      await rmdir(native);
    });
  }

  removeFile(path: string): Promise<void> {
    return translating(async () => {
      const native = await this.#locate(path);
      const { kind } = await entryAt(native, nameOf(path));
      if (kind === 'directory') throw new FileSystemError('is-a-directory', `${path} is a folder.`);
      this.#uploads.refuseBusy(native);
      await unlink(native);
    });
  }

  rename(from: string, to: string): Promise<void> {
    return translating(async () => {
      const source = await this.#locate(from);
      const target = await this.#locate(to);
      if (source === this.#root) throw new FileSystemError('denied', 'The root cannot be renamed.');
      if (target.startsWith(source + sep)) {
        throw new FileSystemError('denied', 'A folder cannot move into itself.');
      }
      const moved = await entryAt(source, nameOf(from));
      const replaced = await entryAt(target, nameOf(to)).catch(ifMissing);
      // The same one under two names: a change of case on a disk that does not tell cases apart.
      if (replaced && replaced.unique !== moved.unique) {
        if (replaced.kind === 'directory') throw new FileSystemError('exists', `${to} is a folder.`);
        if (moved.kind === 'directory') throw new FileSystemError('exists', `${to} is a file.`);
      }
      this.#uploads.refuseBusy(source);
      this.#uploads.refuseBusy(target);
      await rename(source, target);
      await syncFolder(dirname(target));
      if (dirname(source) !== dirname(target)) await syncFolder(dirname(source));
    });
  }

  setModified(path: string, modified: Date): Promise<void> {
    return translating(async () => {
      const native = await this.#locate(path);
      await entryAt(native, nameOf(path));
      await lutimes(native, new Date(), modified);
    });
  }

  read(path: string, offset: number): Promise<Readable> {
    return translating(async () => {
      const native = await this.#locate(path);
      const { kind } = await entryAt(native, nameOf(path));
      if (kind === 'directory') throw new FileSystemError('is-a-directory', `${path} is a folder.`);
      const file = await open(native, constants.O_RDONLY | noFollow);
      return file.createReadStream({ start: offset, highWaterMark: readBytes });
    });
  }

  /** What the disk leaves to users that are not its administrator. */
  freeBytes(path: string): Promise<number> {
    return translating(async () => {
      const { bavail, bsize } = await statfs(await this.#locateFolder(path), { bigint: true });
      return Number(bavail * bsize);
    });
  }

  write(path: string, mode: WriteMode, signal: AbortSignal): Promise<Upload> {
    return translating(async () => {
      const native = await this.#locate(path);
      return this.#uploads.reserve(native, async (release) => {
        const present = await entryAt(native, nameOf(path)).catch(ifMissing);
        if (present?.kind === 'directory')
          throw new FileSystemError('is-a-directory', `${path} is a folder.`);
        return mode === 'append' && present
          ? appendToFile(native, present.size, signal, release)
          : this.#uploads.stage(native, signal, release);
      });
    });
  }

  /** Where on the disk something is, or would be; its folder is there, real, and within the root. */
  async #locate(path: string): Promise<string> {
    const native = nativePath(this.#root, path);
    if (native === this.#root) return native;
    const folder = await realpath(dirname(native));
    const real = join(folder, basename(native));
    const within =
      folder === this.#root || folder.startsWith(this.#root + (this.#root.endsWith(sep) ? '' : sep));
    if (!within) throw new FileSystemError('missing', `There is no ${path}.`);
    if (this.#uploads.holds(real)) throw new FileSystemError('denied', `${path} is reserved for the server.`);
    return real;
  }

  async #locateFolder(path: string): Promise<string> {
    const native = await this.#locate(path);
    const { kind } = await entryAt(native, nameOf(path));
    if (kind !== 'directory') throw new FileSystemError('not-a-directory', `${path} is not a folder.`);
    return native;
  }
}

/** Windows has no such flag; there `entryAt` alone keeps links out. */
const noFollow = constants.O_NOFOLLOW ?? 0;

function ifMissing(error: unknown): undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || (error instanceof FileSystemError && error.kind === 'missing')) return undefined;
  throw error;
}
