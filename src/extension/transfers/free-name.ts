import { posix, type win32 } from 'node:path';

/**
 * A path beside this one that is free: `notes (2).txt`, `notes (3).txt`, ...
 * @param isTaken asks for one path after the other
 */
export async function freePath(
  path: string,
  isTaken: (path: string) => Promise<boolean>,
  { dirname, basename, extname, join }: typeof posix | typeof win32 = posix,
): Promise<string> {
  const name = basename(path);
  const ending = extname(name);
  const stem = name.slice(0, name.length - ending.length);
  for (let number = 2; ; number++) {
    const candidate = join(dirname(path), `${stem} (${number})${ending}`);
    if (!(await isTaken(candidate))) return candidate;
  }
}
