import type { Entry } from './file-system.ts';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const dayMs = 86_400_000;
/** As `ls -l` does: the time of day for what is younger, the year for the rest. */
const recentMs = 182 * dayMs;

/** A line of LIST in the form of `ls -l`, which clients take apart; times are UTC. No line end. */
export function formatLong(entry: Entry, now: Date, name = entry.name): string {
  const access = entry.kind === 'directory' ? 'drwxr-xr-x' : '-rw-r--r--';
  const size = String(entry.size).padStart(13);
  return `${access} 1 ftp      ftp      ${size} ${formatLongDate(entry.modified, now)} ${name}`;
}

function formatLongDate(modified: Date, now: Date): string {
  const age = now.getTime() - modified.getTime();
  const day = `${months[modified.getUTCMonth()]} ${String(modified.getUTCDate()).padStart(2)}`;
  // A day of grace: the clocks of client and server may differ.
  return age < recentMs && age > -dayMs
    ? `${day} ${two(modified.getUTCHours())}:${two(modified.getUTCMinutes())}`
    : `${day} ${String(modified.getUTCFullYear()).padStart(5)}`;
}

/**
 * The facts of MLST and MLSD that there are (RFC 3659, section 7.5), in the order of their listing. `x.milliseconds` is
 * ours: what `modify` lacks of the time, since many clients expect whole seconds there.
 */
export const factNames = ['type', 'size', 'modify', 'perm', 'unique', 'x.milliseconds'] as const;
export type FactName = (typeof factNames)[number];

/** Those that are listed unless a client chooses others (OPTS MLST). */
export const usualFacts: readonly FactName[] = factNames.slice(0, 5);

/** A line of MLSD: the facts, a space, the name (RFC 3659, section 7.2). No line end. */
export function formatFacts(
  entry: Entry,
  facts: readonly FactName[],
  name: string,
  { readOnly = false }: { readonly readOnly?: boolean } = {},
): string {
  let line = '';
  for (const fact of facts) {
    const value = factOf(entry, fact, readOnly);
    if (value !== undefined) line += `${fact}=${value};`;
  }
  return `${line} ${name}`;
}

function factOf(entry: Entry, fact: FactName, readOnly: boolean): string | number | undefined {
  const isFile = entry.kind === 'file';
  switch (fact) {
    case 'type':
      return isFile ? 'file' : 'dir';
    case 'size':
      return isFile ? entry.size : undefined;
    case 'modify':
      return formatTime(entry.modified);
    case 'perm':
      return permissions(entry, readOnly);
    case 'unique':
      return entry.unique;
    case 'x.milliseconds':
      return entry.modified.getUTCMilliseconds();
  }
}

/** What may be done (RFC 3659, section 7.5.5): read and list always, the root never moved or removed. */
function permissions({ kind, name }: Entry, readOnly: boolean): string {
  if (readOnly) return kind === 'file' ? 'r' : 'el';
  if (kind === 'file') return 'adfrw';
  return name === '' ? 'celmp' : 'cdeflmp';
}

/** `YYYYMMDDHHMMSS` in UTC (RFC 3659, section 2.3). */
export function formatTime(time: Date): string {
  return time.toISOString().slice(0, 19).replace(/[-:T]/g, '');
}

/** The reverse; fractions of a second are taken to milliseconds. Undefined for what is no such time. */
export function parseTime(text: string): Date | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{1,9}))?$/.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hours, minutes, seconds, fraction = ''] = match;
  const milliseconds = fraction.padEnd(3, '0').slice(0, 3);
  const time = new Date(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}.${milliseconds}Z`);
  // A date such as 30 February becomes another one, or none.
  if (Number.isNaN(time.getTime()) || !formatTime(time).startsWith(text.slice(0, 14))) return undefined;
  return time;
}

/** Joins lines into texts of about 64 KiB, so that a listing of thousands is written in few pieces. */
export function* joinLines(lines: Iterable<string>): Generator<string> {
  let text = '';
  for (const line of lines) {
    text += `${line}\r\n`;
    if (text.length >= 65_536) {
      yield text;
      text = '';
    }
  }
  if (text) yield text;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
