import { Readable } from 'node:stream';
import { FTPError } from 'basic-ftp';
import * as v from 'valibot';
import type { StorageConnection } from './storage-connection.ts';

/**
 * The marker in the pool's folder on every storage server, `<pool>/server.json`: with it a coordinator notices that a
 * storage server's folder was swapped with another one's, or is new and empty.
 */
const marker = v.object({ pool: v.string(), server: v.number() });

export type Identity =
  | { readonly kind: 'marked'; readonly server: number }
  /** Not marked. `parts` is whether there is anything where parts would be. */
  | { readonly kind: 'unmarked'; readonly parts: boolean };

export function markerPath(pool: string): string {
  return `${pool}/server.json`;
}

const poolName = /^splitftp-[0-9a-f]{12}$/;

/** The pools that something lies of in the connection's folder; none where that cannot be listed. */
export async function poolsOn(connection: StorageConnection): Promise<string[]> {
  try {
    const entries = await connection.entries('');
    return entries.filter(({ name, isFolder }) => isFolder && poolName.test(name)).map(({ name }) => name);
  } catch (error) {
    if (error instanceof FTPError) return [];
    throw error;
  }
}

/** Which storage server of the pool the connection's folder belongs to. @throws what else is wrong with the server */
export async function identify(connection: StorageConnection, pool: string): Promise<Identity> {
  const size = await connection.size(markerPath(pool));
  if (size !== undefined) {
    const text = (await connection.tail(markerPath(pool), 0)).toString('utf8');
    const found = parseMarker(text);
    // A marker that cannot be read, or is another pool's, was not written for this server.
    return { kind: 'marked', server: found?.pool === pool ? found.server : 0 };
  }
  const entries = await connection.entries(pool);
  return { kind: 'unmarked', parts: entries.some(({ name }) => /^[0-9a-f]{2}$/.test(name)) };
}

/** @returns whether the server took the marker */
export async function mark(connection: StorageConnection, pool: string, server: number): Promise<boolean> {
  await connection.makeFolder(pool);
  try {
    const text = `${JSON.stringify({ pool, server })}\n`;
    await connection.upload(Readable.from([Buffer.from(text)], { objectMode: false }), markerPath(pool));
    return true;
  } catch (error) {
    if (error instanceof FTPError) return false; // Full or read-only: what is written to it will tell why.
    throw error;
  }
}

function parseMarker(text: string): v.InferOutput<typeof marker> | undefined {
  try {
    const parsed = v.safeParse(marker, JSON.parse(text));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}
