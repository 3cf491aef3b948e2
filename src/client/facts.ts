/** Entries out of the listings and replies of MLSD and MLST (RFC 3659, section 7). */
import type { RemoteEntry } from './transfer.ts';

/** The coordinator's own fact: what `modify` lacks of the time. Other servers do not know it. */
export const millisecondsFact = 'x.milliseconds';

/** For OPTS MLST (RFC 3659, section 7.9). */
export const wantedFacts = ['type', 'size', 'modify', 'perm', millisecondsFact]
  .map((fact) => `${fact};`)
  .join('');

/** The entries of a folder, sorted by name; without the folder itself and the one above it. */
export function parseListing(listing: string, folder: string): RemoteEntry[] {
  const entries: RemoteEntry[] = [];
  for (const line of listing.split(/\r?\n/)) {
    const space = line.indexOf(' ');
    const name = line.slice(space + 1);
    if (space < 0 || name === '' || name.includes('/')) continue;
    const facts = factsOf(line.slice(0, space));
    if (/^[cp]dir$/i.test(facts.get('type') ?? '')) continue;
    entries.push(toEntry(facts, name, folder === '/' ? `/${name}` : `${folder}/${name}`));
  }
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The entry in the reply to MLST: the line that begins with a space. */
export function parseReply(reply: string, path: string): RemoteEntry {
  const line = reply.split('\n').find((candidate) => /^ \S+=\S*; /.test(candidate)) ?? '';
  const packed = line.trimStart().split(' ', 1)[0] ?? '';
  return toEntry(factsOf(packed), path.slice(path.lastIndexOf('/') + 1), path);
}

/** `type=file;size=3;`, by names in lower case. */
function factsOf(packed: string): Map<string, string> {
  const facts = new Map<string, string>();
  for (const fact of packed.split(';')) {
    const equals = fact.indexOf('=');
    if (equals > 0) facts.set(fact.slice(0, equals).toLowerCase(), fact.slice(equals + 1));
  }
  return facts;
}

function toEntry(facts: ReadonlyMap<string, string>, name: string, path: string): RemoteEntry {
  const isFolder = /dir$/i.test(facts.get('type') ?? '');
  const allowed = facts.get('perm')?.toLowerCase();
  return {
    name,
    path,
    kind: isFolder ? 'directory' : 'file',
    size: isFolder ? 0 : Number(facts.get('size') ?? 0),
    modified: parseTime(facts),
    // A folder must take new files, a file new content (section 7.5.5).
    ...(allowed !== undefined && { readOnly: !allowed.includes(isFolder ? 'c' : 'w') }),
  };
}

function parseTime(facts: ReadonlyMap<string, string>): Date {
  const time = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d{1,3})?/.exec(facts.get('modify') ?? '');
  if (time === null) return new Date(0);
  const [, year, month, day, hour, minute, second, fraction = ''] = time;
  const modified = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}${fraction}Z`);
  const milliseconds = facts.get(millisecondsFact);
  if (milliseconds !== undefined) modified.setUTCMilliseconds(Number(milliseconds));
  return modified;
}
