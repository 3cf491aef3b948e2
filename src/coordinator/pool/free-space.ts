import type { Layout } from '../segments/part-format.ts';
import type { Pool } from './pool.ts';
import type { StorageServer } from './storage-server.ts';

/**
 * Bytes of files that the pool takes before the first of its servers is full; undefined where one cannot tell. Servers
 * on one host are taken to share its disk: better too little than too much. Servers that are down do not count.
 * @param servers numbers of those that get a part of every segment
 * @throws FileSystemError `unavailable` naming a server that cannot be reached, when too few can be
 */
export async function freeBytesOfPool(
  pool: Pool,
  servers: readonly number[],
  { dataParts }: Layout,
): Promise<number | undefined> {
  const connections = await pool.connect(servers, { needed: dataParts });
  try {
    const lines = [...connections.lines.values()];
    const [failure] = connections.failures.values();
    if (failure && lines.length < dataParts) throw failure;
    const onHost = Map.groupBy(lines, ({ server }) => hostOf(server));
    const shares = await Promise.all(
      lines.map(async ({ server, connection }) => {
        const free = await connection.freeBytes();
        return free === undefined ? undefined : free / (onHost.get(hostOf(server))?.length ?? 1);
      }),
    );
    const known = shares.filter((share) => share !== undefined);
    return known.length === lines.length ? Math.floor(Math.min(...known)) * dataParts : undefined;
  } finally {
    connections.release();
  }
}

function hostOf({ address }: StorageServer): string {
  return address.slice(0, address.lastIndexOf(':')).toLowerCase();
}
