import { type Entry, type FileSystem, FileSystemError } from '../file-system.ts';

/**
 * What is at a path for a client that asks where to go on (SIZE, MDTM, REST): the file or folder, else what an
 * interrupted upload left there.
 * @throws FileSystemError as `stat` does
 */
export async function statForResume(path: string, files: FileSystem): Promise<Entry> {
  try {
    return await files.stat(path);
  } catch (error) {
    if (!(error instanceof FileSystemError && error.kind === 'missing')) throw error;
    const partial = await files.partialUpload?.(path);
    if (!partial) throw error;
    return partial;
  }
}
