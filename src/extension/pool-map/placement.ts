import type { SplitClient } from '../../client/split-client.ts';
import type { PlacedFile } from './survival.ts';

/** Files at most that a map shows; more would be a wall of squares. */
const mostFiles = 100;
/** Folders at most that are listed for that. */
const mostFolders = 200;

/** The files at or below a path, with where their parts are. */
export async function placementOf(
  client: Pick<SplitClient, 'stat' | 'list' | 'where'>,
  path: string,
): Promise<{ files: PlacedFile[]; isCut: boolean }> {
  const found: { path: string; size: number }[] = [];
  const entry = path === '/' ? undefined : await client.stat(path);
  if (path !== '/' && entry === undefined) return { files: [], isCut: false };
  if (entry?.kind === 'file') found.push(entry);
  const folders = entry?.kind === 'file' ? [] : [path];
  let listed = 0;
  for (; listed < folders.length && listed < mostFolders && found.length <= mostFiles; listed++) {
    for (const child of await client.list(folders[listed] ?? '/')) {
      if (child.kind === 'file') found.push(child);
      else folders.push(child.path);
    }
  }
  const shown = found.slice(0, mostFiles);
  const files = await Promise.all(
    shown.map(async (file) => {
      // A file that has just been deleted has no parts.
      const parts = await client.where(file.path).catch(() => []);
      return { path: file.path, size: file.size, parts };
    }),
  );
  return {
    files: files.filter(({ parts, size }) => parts.length > 0 || size === 0),
    isCut: found.length > mostFiles || listed < folders.length,
  };
}
