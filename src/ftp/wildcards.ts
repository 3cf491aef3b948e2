import { type Entry, type FileSystem, FileSystemError } from './file-system.ts';

/** An entry that a pattern names, under the path that the pattern stands for. */
export interface Match {
  readonly path: string;
  readonly entry: Entry;
}

export function hasWildcards(path: string): boolean {
  return /[*?[]/.test(path);
}

/**
 * What matches a pattern of file names, as a shell has them: `*` is any characters, `?` one, `[a-z]` one of these,
 * `[!a-z]` one of the others; names that begin with a dot are matched only by a pattern that does. Each folder is
 * listed once at most.
 * @param pattern absolute, without `.` and `..`
 */
export async function expandWildcards(pattern: string, files: FileSystem): Promise<Match[]> {
  let folders = ['/'];
  let matches: Match[] = [];
  const names = pattern.split('/').filter((name) => name !== '');
  for (const [depth, name] of names.entries()) {
    matches = [];
    const found = hasWildcards(name) ? compile(name) : undefined;
    // What stands after the last wildcard is asked for, not looked for.
    const isKnown = !found && depth < names.length - 1;
    for (const folder of folders) {
      const prefix = folder === '/' ? '/' : `${folder}/`;
      if (isKnown) matches.push({ path: prefix + name, entry: unknownFolder });
      else if (found) matches.push(...(await matchesIn(folder, prefix, found, files)));
      else matches.push(...(await matchAt(prefix + name, files)));
    }
    folders = matches.filter(({ entry }) => entry.kind === 'directory').map(({ path }) => path);
  }
  return matches;
}

/** Stands for one that is not looked at on the way to what lies below. */
const unknownFolder: Entry = { name: '', kind: 'directory', size: 0, modified: new Date(0), unique: '' };

async function matchesIn(
  folder: string,
  prefix: string,
  found: (name: string) => boolean,
  files: FileSystem,
): Promise<Match[]> {
  const entries = await files.list(folder).catch(nothingThere);
  const matches: Match[] = [];
  for (const entry of entries) if (found(entry.name)) matches.push({ path: prefix + entry.name, entry });
  return matches;
}

async function matchAt(path: string, files: FileSystem): Promise<Match[]> {
  try {
    return [{ path, entry: await files.stat(path) }];
  } catch (error) {
    return nothingThere(error);
  }
}

function nothingThere(error: unknown): [] {
  if (error instanceof FileSystemError && ['missing', 'not-a-directory'].includes(error.kind)) return [];
  throw error;
}

type Piece = 'any' | ((character: string) => boolean);

/** Tells whether a name matches; in time proportional to the name times the pattern at worst. */
export function compile(pattern: string): (name: string) => boolean {
  const pieces = parse([...pattern]);
  const showsHidden = pattern.startsWith('.');
  return (name) => (showsHidden || !name.startsWith('.')) && matches([...name], pieces);
}

function parse(pattern: readonly string[]): Piece[] {
  const pieces: Piece[] = [];
  for (let index = 0; index < pattern.length; index++) {
    const character = pattern[index] ?? '';
    const end = character === '[' ? endOfSet(pattern, index) : -1;
    if (character === '*') pieces.push('any');
    else if (character === '?') pieces.push(() => true);
    else if (end > 0) {
      pieces.push(parseSet(pattern.slice(index + 1, end)));
      index = end;
    } else pieces.push((each) => each === character);
  }
  return pieces;
}

/** Of the `]` that closes a set; one right after its begin belongs to it. -1 when the `[` is a character like any. */
function endOfSet(pattern: readonly string[], start: number): number {
  return pattern.indexOf(']', start + (pattern[start + 1] === '!' ? 3 : 2));
}

function parseSet(set: readonly string[]): (character: string) => boolean {
  const negated = set[0] === '!';
  const members = negated ? set.slice(1) : set;
  const ranges: [string, string][] = [];
  for (let index = 0; index < members.length; index++) {
    const first = members[index] ?? '';
    const last = members[index + 1] === '-' ? members[index + 2] : undefined;
    ranges.push([first, last ?? first]);
    if (last !== undefined) index += 2;
  }
  return (character) => ranges.some(([first, last]) => first <= character && character <= last) !== negated;
}

/** Goes back to the last `*` only: an earlier one need not take more than it had to. */
function matches(name: readonly string[], pieces: readonly Piece[]): boolean {
  let at = 0;
  let piece = 0;
  let lastAny = -1;
  let takenByAny = 0;
  while (at < name.length) {
    const current = pieces[piece];
    if (current === 'any') {
      lastAny = piece++;
      takenByAny = at;
    } else if (current?.(name[at] ?? '')) {
      at++;
      piece++;
    } else if (lastAny >= 0) {
      piece = lastAny + 1;
      at = ++takenByAny;
    } else return false;
  }
  while (pieces[piece] === 'any') piece++;
  return piece === pieces.length;
}
