import type { Connection } from './connection.ts';
import { RemoteError } from './errors.ts';

/** Makes a folder and those above it, as far as they are missing. */
export async function makeFolders(connection: Connection, path: string): Promise<void> {
  if (path === '/') return;
  const found = await connection.stat(path);
  if (found?.kind === 'directory') return;
  if (found !== undefined) throw new Error(`${path} on the coordinator is a file, not a folder`);
  await makeFolders(connection, parentOf(path));
  try {
    await connection.makeDirectory(path);
  } catch (error) {
    // Somebody may have made it in between: what counts is that it is there.
    const now = error instanceof RemoteError ? await connection.stat(path) : undefined;
    if (now?.kind !== 'directory') throw error;
  }
}

/** Removes a file, or a folder: an empty one, or `recursive`ly with all that is in it. */
export async function removeAll(connection: Connection, path: string, recursive: boolean): Promise<void> {
  const found = await connection.stat(path);
  if (found === undefined) throw new Error(`there is no ${path} on the coordinator`);
  if (found.kind === 'file') await connection.removeFile(path);
  else if (recursive) await removeFolder(connection, path);
  else await connection.removeDirectory(path);
}

async function removeFolder(connection: Connection, path: string): Promise<void> {
  for (const entry of await connection.list(path)) {
    if (entry.kind === 'file') await connection.removeFile(entry.path);
    else await removeFolder(connection, entry.path);
  }
  await connection.removeDirectory(path);
}

export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}
