import { Readable } from 'node:stream';
import type { StorageConnection } from '../pool/storage-connection.ts';
import type { StorageServer } from '../pool/storage-server.ts';
import { journalFolder } from './journal-file.ts';

export function journalPath(pool: string, name: string): string {
  return `${pool}/${journalFolder}/${name}`;
}

/**
 * Stores a file of the journal's folder: it has its name only when the server was seen to hold all of it.
 * @param verify throws unless the file at that path is the one that was sent
 */
export async function putJournalFile(
  server: StorageServer,
  connection: StorageConnection,
  place: { readonly pool: string; readonly name: string },
  source: Readable,
  verify: (path: string) => Promise<void>,
): Promise<void> {
  const path = journalPath(place.pool, place.name);
  const temporary = connection.storesAtomically || !connection.renames ? path : `${path}.partial`;
  try {
    await server.folders.make(connection, [place.pool, journalFolder]);
    await connection.upload(source, temporary);
    await verify(temporary);
    if (temporary !== path) await connection.rename(temporary, path);
  } catch (error) {
    server.doubt(error);
    throw error;
  }
}

/** A short one. */
export async function putJournalBytes(
  server: StorageServer,
  connection: StorageConnection,
  place: { readonly pool: string; readonly name: string },
  bytes: Buffer,
): Promise<void> {
  const path = journalPath(place.pool, place.name);
  if (bytes.length <= connection.smallBytes(path)) {
    try {
      await server.folders.make(connection, [place.pool, journalFolder]);
      await connection.put(bytes, path);
      return;
    } catch (error) {
      server.doubt(error);
      throw error;
    }
  }
  await putJournalFile(
    server,
    connection,
    place,
    Readable.from([bytes], { objectMode: false }),
    async (path) => {
      const same = connection.storesAtomically
        ? (await connection.size(path)) === bytes.length
        : bytes.equals(await connection.tail(path, 0));
      if (!same) throw new Error('it does not give back what it was sent');
    },
  );
}
