import type { FoundPart } from '../catalogue/restored-catalogue.ts';
import type { StorageServer } from '../pool/storage-server.ts';

/**
 * All parts that lie on a storage server, a folder at a time.
 * @throws FileSystemError when the server fails meanwhile
 */
export async function listParts(
  server: StorageServer,
  pool: string,
  onParts: (parts: readonly FoundPart[]) => void,
): Promise<void> {
  try {
    await server.use(async (connection) => {
      const folders = (await connection.entries(pool)).filter(
        ({ name, isFolder }) => isFolder && /^[0-9a-f]{2}$/.test(name),
      );
      for (const { name: folder } of folders) {
        const entries = await connection.entries(`${pool}/${folder}`);
        onParts(
          entries.flatMap(({ name, bytes, isFolder }) => {
            const [, segment, index] = /^([0-9a-f]{32})\.(\d{1,3})$/.exec(name) ?? [];
            return segment === undefined || isFolder ? [] : [{ segment, index: Number(index), bytes }];
          }),
        );
      }
    });
  } catch (error) {
    throw server.toFileSystemError(error);
  }
}
