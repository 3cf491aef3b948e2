import type { VariableReader } from './load.ts';

/** How upkeep goes about its work. */
export interface UpkeepConfiguration {
  /** In so many days every block of every part is verified once. */
  readonly scrubDays: number;
  /** Megabytes (10^6 bytes) per second that repair, scrub and moving may handle together; 0 stops all three. */
  readonly rate: number;
  /** Minutes for which a storage server must be down before its missing parts are rebuilt on other servers. */
  readonly relocateMinutes: number;
}

/** Where a storage server is, and how much of it the pool may use. */
export interface StorageSpace {
  /** Failure domain; without it the server is one of its own. */
  readonly domain?: string;
  /** Bytes of parts at most; without it as many as the server says that it has room for. */
  readonly capacity?: number;
}

export const upkeepVariables = {
  scrubDays: 'FTP_SCRUB_DAYS',
  rate: 'FTP_UPKEEP_RATE',
  relocateMinutes: 'FTP_RELOCATE_MINUTES',
} as const;

export const defaultUpkeep: UpkeepConfiguration = { scrubDays: 30, rate: 20, relocateMinutes: 15 };

export function storageSpaceVariables(number: number) {
  return { domain: `FTP_DOMAIN${number}`, capacity: `FTP_CAPACITY${number}` } as const;
}

export function readUpkeep(reader: VariableReader): UpkeepConfiguration {
  return {
    scrubDays: readNumber(reader, upkeepVariables.scrubDays, defaultUpkeep.scrubDays, 1, 3650, 'days'),
    rate: readNumber(reader, upkeepVariables.rate, defaultUpkeep.rate, 0, 100_000, 'megabytes per second'),
    relocateMinutes: readNumber(
      reader,
      upkeepVariables.relocateMinutes,
      defaultUpkeep.relocateMinutes,
      0,
      100_000,
      'minutes',
    ),
  };
}

export function upkeepEnvironment(upkeep: UpkeepConfiguration): Record<string, string> {
  return {
    [upkeepVariables.scrubDays]: String(upkeep.scrubDays),
    [upkeepVariables.rate]: String(upkeep.rate),
    [upkeepVariables.relocateMinutes]: String(upkeep.relocateMinutes),
  };
}

/** `FTP_DOMAINn` and `FTP_CAPACITYn`. */
export function readStorageSpace(reader: VariableReader, number: number): StorageSpace {
  const names = storageSpaceVariables(number);
  const domain = reader.optional(names.domain);
  if (domain !== undefined && !/^[\p{L}\p{N}][\p{L}\p{N}_.-]{0,62}$/u.test(domain)) {
    reader.problems.push(`${names.domain} is "${domain}": write a short name of letters, digits, ., _ and -`);
  }
  const text = reader.optional(names.capacity);
  const capacity = text === undefined ? undefined : parseBytes(text);
  if (text !== undefined && capacity === undefined) {
    reader.problems.push(`${names.capacity} is "${text}": write a size such as 500GB, 1.5TB or 200GiB`);
  }
  return { ...(domain !== undefined && { domain }), ...(capacity !== undefined && { capacity }) };
}

export function storageSpaceEnvironment(
  { domain, capacity }: StorageSpace,
  number: number,
): Record<string, string> {
  const names = storageSpaceVariables(number);
  return {
    ...(domain !== undefined && { [names.domain]: domain }),
    ...(capacity !== undefined && { [names.capacity]: String(capacity) }),
  };
}

function parseBytes(text: string): number | undefined {
  const [, digits, prefix = '', binary] = /^(\d{1,15}(?:\.\d{1,3})?) ?([KMGTP]?)(i?)B?$/i.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const power = ['', 'K', 'M', 'G', 'T', 'P'].indexOf(prefix.toUpperCase());
  const bytes = Math.floor(Number(digits) * (binary ? 1024 : 1000) ** power);
  return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : undefined;
}

function readNumber(
  reader: VariableReader,
  name: string,
  byDefault: number,
  least: number,
  most: number,
  unit: string,
): number {
  const text = reader.optional(name);
  if (text === undefined) return byDefault;
  const value = Number(text);
  if (/^\d{1,6}(\.\d{1,3})?$/.test(text) && value >= least && value <= most) return value;
  reader.problems.push(`${name} is "${text}": write a number of ${unit} from ${least} to ${most}`);
  return byDefault;
}
