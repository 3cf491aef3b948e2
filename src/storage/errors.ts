import { FileSystemError, type FileSystemErrorKind } from '../ftp/file-system.ts';

const kinds: Readonly<Record<string, readonly [FileSystemErrorKind, string]>> = {
  ENOENT: ['missing', 'There is no such file or folder.'],
  EEXIST: ['exists', 'There is something with this name already.'],
  ENOTDIR: ['not-a-directory', 'This is not a folder.'],
  EISDIR: ['is-a-directory', 'This is a folder.'],
  ENOTEMPTY: ['not-empty', 'The folder is not empty.'],
  EINVAL: ['invalid-name', 'The disk does not take this name.'],
  ENAMETOOLONG: ['invalid-name', 'The name is too long for the disk.'],
  EILSEQ: ['invalid-name', 'The disk does not take this name.'],
  ELOOP: ['denied', 'Links are not followed.'],
  EACCES: ['denied', 'The server may not do this in its folder.'],
  EPERM: ['denied', 'The server may not do this in its folder.'],
  EROFS: ['denied', 'The disk of the server is read-only.'],
  EBUSY: ['busy', 'The file is in use.'],
  ENOSPC: ['no-space', 'The disk of the server is full.'],
  EDQUOT: ['no-space', "The server's share of the disk is full."],
  EFBIG: ['no-space', 'The disk does not take files of this size.'],
  EMFILE: ['unavailable', 'The server has too many files open; try again later.'],
  ENFILE: ['unavailable', 'The server has too many files open; try again later.'],
  EIO: ['damaged', 'The disk of the server fails.'],
};

/** A system error in words for the client, without the path that its own message shows; others as they are. */
export function toFileSystemError(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const known = typeof code === 'string' ? kinds[code] : undefined;
  return known ? new FileSystemError(known[0], known[1], { cause: error }) : error;
}

/** Runs a file operation whose errors the client may see. */
export async function translating<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw toFileSystemError(error);
  }
}
