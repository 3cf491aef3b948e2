import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Configuration, StorageServerConfiguration } from '../../config/configuration.ts';
import { coordinatorVariables, newPoolVariable } from '../../config/variables.ts';
import type { Log } from '../../log/log.ts';
import { StartError } from '../../servers/start-error.ts';
import { catalogueName } from '../catalogue/schema.ts';
import { journalFolder, parseJournalFileName } from '../journal/journal-file.ts';
import { Login } from '../pool/login.ts';
import { surveyServers } from './survey.ts';

/** Milliseconds in which a storage server must let us in: a first start shall not wait for one that is down. */
const loginMs = 3_000;

/**
 * A coordinator that has no catalogue yet would begin a new pool. Where the storage servers hold one already, its files
 * would seem to be gone: most likely the catalogue is lost, and can be rebuilt. Servers that cannot be asked now tell
 * later, when they are met.
 * @throws StartError naming what to do
 */
export async function refuseLostCatalogue(configuration: Configuration, log: Log): Promise<void> {
  const { coordinator, storageServers } = configuration;
  if (existsSync(join(coordinator.folder, catalogueName))) return;
  const { pools, unreachable } = await surveyServers(storageServers, loginMs);
  for (const reason of unreachable.values())
    log.warn(`a new pool is begun without knowing whether there is one already: ${reason}`);
  for (const [pool, numbers] of pools) {
    const used = storageServers.filter(({ number }) => numbers.includes(number));
    if (!(await Promise.all(used.map((server) => holdsFiles(server, pool)))).includes(true)) continue;
    const on = `pool ${pool} (on storage servers ${numbers.join(', ')})`;
    if (coordinator.newPool) log.warn(`a new pool is begun beside ${on}`);
    else {
      throw new StartError(
        `The coordinator's folder ${coordinator.folder} (${coordinatorVariables.folder}) has no catalogue, but there is ${on}: get its files back with "splitftp rebuild", or set ${coordinatorVariables.folder} to the folder that has the catalogue. To begin a new pool beside it, start once with ${newPoolVariable}=yes.`,
      );
    }
  }
}

/** Whether anything was ever stored in the pool; a coordinator that was only started has left one record. */
async function holdsFiles(server: StorageServerConfiguration, pool: string): Promise<boolean> {
  const login = await Login.open(server, loginMs);
  try {
    const connection = login.connection(login.told);
    const entries = await connection.entries(pool);
    if (entries.some(({ name, isFolder }) => isFolder && /^[0-9a-f]{2}$/.test(name))) return true;
    const journal = await connection.entries(`${pool}/${journalFolder}`);
    return journal.some(({ name }) => (parseJournalFileName(name)?.last ?? 0) > 1);
  } finally {
    login.close();
  }
}
