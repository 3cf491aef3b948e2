import { open } from 'node:fs/promises';

/**
 * Resolves when the names in a folder are on the disk (fsync of the folder). Windows has nothing of the kind; its
 * file system writes names to its journal by itself.
 */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
