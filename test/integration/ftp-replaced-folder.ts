import type { FileSystem } from '../../src/ftp/file-system.ts';
import type { Folder } from '../../src/storage/folder.ts';

/** For a fixture's `wrap`: its folder with some methods replaced. */
export function replacing(methods: (folder: Folder) => Partial<FileSystem>): (folder: Folder) => FileSystem {
  return (folder) => ({
    stat: (path) => folder.stat(path),
    list: (path) => folder.list(path),
    makeDirectory: (path) => folder.makeDirectory(path),
    removeDirectory: (path) => folder.removeDirectory(path),
    removeFile: (path) => folder.removeFile(path),
    rename: (from, to) => folder.rename(from, to),
    setModified: (path, modified) => folder.setModified(path, modified),
    read: (path, offset) => folder.read(path, offset),
    write: (path, mode, signal) => folder.write(path, mode, signal),
    ...methods(folder),
  });
}
