import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type JournalFileName, journalFolder, parseJournalFileName } from '../journal/journal-file.ts';
import { journalPath } from '../journal/journal-store.ts';
import type { StorageServer } from '../pool/storage-server.ts';

/** A file of the journal, with the servers that hold it. */
export interface StoredJournalFile extends JournalFileName {
  readonly name: string;
  readonly servers: readonly StorageServer[];
}

/** What the reachable storage servers hold of a pool's journal, in the order of time. */
export async function listJournal(
  pool: string,
  servers: readonly StorageServer[],
): Promise<readonly StoredJournalFile[]> {
  const holders = new Map<string, StorageServer[]>();
  await Promise.all(
    servers.map(async (server) => {
      const entries = await server.use((connection) => connection.entries(`${pool}/${journalFolder}`));
      for (const { name } of entries) holders.set(name, [...(holders.get(name) ?? []), server]);
    }),
  );
  return [...holders]
    .flatMap(([name, held]) => {
      const parsed = parseJournalFileName(name);
      return parsed ? [{ ...parsed, name, servers: held }] : [];
    })
    .sort((a, b) => a.generation - b.generation || a.first - b.first || a.last - b.last);
}

/**
 * Brings a file of the journal here, from the first server that gives it whole.
 * @param read throws when what came is damaged
 * @returns undefined when no server has it whole; `onDamage` was told why of each
 */
export async function fetchJournalFile<T>(
  pool: string,
  file: StoredJournalFile,
  folder: string,
  read: (path: string) => Promise<T>,
  onDamage: (reason: string) => void,
): Promise<T | undefined> {
  const path = join(folder, `rebuild-${file.name}`);
  for (const server of file.servers) {
    try {
      await server.use((connection) =>
        connection.download(createWriteStream(path, { mode: 0o600 }), journalPath(pool, file.name), 0),
      );
      return await read(path);
    } catch (error) {
      onDamage(`${file.name} on ${server.name}: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      await rm(path, { force: true });
    }
  }
  return undefined;
}
