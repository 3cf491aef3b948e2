import { FTPError } from 'basic-ftp';
import type { JournalOutbox } from '../catalogue/journal-outbox.ts';
import type { StorageConnection } from '../pool/storage-connection.ts';
import { journalFolder, parseJournalFileName } from './journal-file.ts';

/**
 * Whether a storage server holds records, or a snapshot, that this catalogue has never brought there: then it is an older
 * copy, or somebody else goes on with the pool. A record is in the catalogue before it is on any server.
 * @returns the number of the newest one, and the last that this catalogue knows
 */
export async function newerRecord(
  connection: StorageConnection,
  pool: string,
  outbox: JournalOutbox,
): Promise<{ readonly found: number; readonly known: number } | undefined> {
  const entries = await entriesOf(connection, `${pool}/${journalFolder}`);
  // Both are read after the list: what was recorded meanwhile may be in it.
  const { generation, recorded: known } = outbox;
  const newer = entries.flatMap(({ name }) => {
    const file = parseJournalFileName(name);
    const isNewer =
      file && (file.generation > generation || (file.generation === generation && file.last > known));
    return isNewer ? [file.last] : [];
  });
  return newer.length === 0 ? undefined : { found: Math.max(...newer), known };
}

/** Of a folder that is not there yet some servers make an error, each another one. */
async function entriesOf(
  connection: StorageConnection,
  folder: string,
): Promise<readonly { readonly name: string }[]> {
  try {
    return await connection.entries(folder);
  } catch (error) {
    if (error instanceof FTPError) return [];
    throw error;
  }
}
