import type { Layout } from '../segments/part-format.ts';
import type { Pool, PoolConnections } from './pool.ts';
import type { StorageServer } from './storage-server.ts';

/**
 * Bytes of files that the pool takes before the first of its servers is full; undefined where one cannot tell. Servers
 * on one host are taken to share its disk: better too little than too much.
 * @param servers numbers of those that get a part of every segment
 * @throws FileSystemError `unavailable` naming a server that cannot be reached
 */
export async function freeBytesOfPool(
  pool: Pool,
  servers: readonly number[],
  { dataParts }: Layout,
): Promise<number | undefined> {
  const connections: PoolConnections = await pool.connect(servers);
  try {
    const onHost = Map.groupBy(connections.lines, ({ server }) => hostOf(server));
    const shares = await Promise.all(
      connections.lines.map(async ({ server, connection }) => {
        const free = await connection.freeBytes();
        return free === undefined ? undefined : free / (onHost.get(hostOf(server))?.length ?? 1);
      }),
    );
    const known = shares.filter((share) => share !== undefined);
    return known.length === servers.length ? Math.floor(Math.min(...known)) * dataParts : undefined;
  } finally {
    connections.release();
  }
}

function hostOf({ address }: StorageServer): string {
  return address.slice(0, address.lastIndexOf(':')).toLowerCase();
}
