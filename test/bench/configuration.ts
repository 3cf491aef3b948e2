import { join } from 'node:path';
import type { Configuration } from '../../src/config/configuration.ts';
import { defaultUpkeep } from '../../src/config/upkeep.ts';

export const account = { user: 'bench', password: 'bench' };
const host = '127.0.0.1';

/** Bundled servers below `root`: the first port is the coordinator's, each further one a storage server's. */
export function makeConfiguration(
  root: string,
  [port, ...storagePorts]: readonly number[],
  layout: Configuration['layout'],
): Configuration {
  if (port === undefined) throw new Error('no free port');
  const folder = join(root, 'server');
  return {
    coordinator: {
      account,
      host,
      port,
      folder,
      usersFile: join(folder, 'users.json'),
      limits: {},
      upkeep: defaultUpkeep,
      tls: { mode: 'optional' },
    },
    storageServers: storagePorts.map((own, index) => ({
      number: index + 1,
      account,
      host,
      port: own,
      folder: join(root, `storage_folder${index + 1}`),
      tls: { mode: 'off', waived: false },
    })),
    layout,
    source: 'the benchmark',
  };
}
