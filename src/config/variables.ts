import { dataConnectionVariables } from './data-connections.ts';
import { limitVariables } from './limits.ts';
import { upkeepVariables } from './upkeep.ts';

/** The names of the variables of a configuration, as the seeds have them and as people write them. */

export const coordinatorVariables = {
  user: 'FTP_USER',
  password: 'FTP_PASSWORD',
  host: 'FTP_HOST',
  port: 'FTP_PORT',
  folder: 'FTP_SERVER_DIR',
} as const;

/** Where the coordinator keeps the accounts beside the owner's. */
export const usersFileVariable = 'FTP_USERS_FILE';
/** Begins a new pool although the storage servers hold another one. */
export const newPoolVariable = 'FTP_NEW_POOL';
export const tlsVariables = {
  mode: 'FTP_TLS',
  port: 'FTP_TLS_PORT',
  certificate: 'FTP_TLS_CERT',
  key: 'FTP_TLS_KEY',
  fingerprint: 'FTP_TLS_FINGERPRINT',
} as const;

/** The host of all storage servers that do not name their own. */
export const storageHostVariable = 'FTP_SERVER';

export const layoutVariables = {
  dataParts: 'FTP_DATA_PARTS',
  parityParts: 'FTP_PARITY_PARTS',
  writeQuorum: 'FTP_WRITE_QUORUM',
  partTimeout: 'FTP_PART_TIMEOUT',
} as const;

/** Enough for anybody, and a bound for numbers that are typing errors. */
export const mostStorageServers = 255;

const storageStems = [
  'FTP_USER',
  'FTP_PASSWORD',
  'FTP_PORT',
  'FTP_SERVER',
  'FTP_STORAGE_DIR',
  'FTP_TLS',
  'FTP_TLS_FINGERPRINT',
  'FTP_TLS_CA',
  'FTP_TLS_CERT',
  'FTP_TLS_KEY',
  'FTP_CONNECTIONS',
  'FTP_TIMEOUT',
  'FTP_DOMAIN',
  'FTP_CAPACITY',
  'FTP_BUNDLED',
] as const;
const numbered = new RegExp(`^(?:${storageStems.join('|')})([1-9]\\d*)$`);
const single: readonly string[] = [
  ...Object.values(coordinatorVariables),
  usersFileVariable,
  newPoolVariable,
  ...Object.values(limitVariables),
  ...Object.values(upkeepVariables),
  storageHostVariable,
  ...Object.values(layoutVariables),
  ...Object.values(tlsVariables),
  ...Object.values(dataConnectionVariables),
];

export function storageVariables(number: number) {
  return {
    user: `FTP_USER${number}`,
    password: `FTP_PASSWORD${number}`,
    host: `FTP_SERVER${number}`,
    port: `FTP_PORT${number}`,
    folder: `FTP_STORAGE_DIR${number}`,
    bundled: `FTP_BUNDLED${number}`,
  } as const;
}

export function storageTlsVariables(number: number) {
  return {
    mode: `FTP_TLS${number}`,
    fingerprint: `FTP_TLS_FINGERPRINT${number}`,
    ca: `FTP_TLS_CA${number}`,
    certificate: `FTP_TLS_CERT${number}`,
    key: `FTP_TLS_KEY${number}`,
  } as const;
}

export function storageLimitVariables(number: number) {
  return { connections: `FTP_CONNECTIONS${number}`, timeout: `FTP_TIMEOUT${number}` } as const;
}

/** The number of the storage server that a variable belongs to, if it belongs to one. */
export function storageNumber(variable: string): number | undefined {
  const digits = numbered.exec(variable)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

export function isKnownVariable(variable: string): boolean {
  return single.includes(variable) || storageNumber(variable) !== undefined;
}

/** The known variable that was probably meant, if one is near. */
export function suggestVariable(unknown: string): string | undefined {
  const upper = unknown.toUpperCase();
  const digits = /0*([1-9]\d*)$/.exec(upper)?.[1] ?? '';
  const candidates = [...single, ...(digits === '' ? [] : storageStems.map((stem) => stem + digits))];
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: editDistance(upper, candidate) }))
    .sort((a, b) => a.distance - b.distance);
  const nearest = ranked[0];
  return nearest !== undefined && nearest.distance <= 4 ? nearest.candidate : undefined;
}

/** Levenshtein's distance: insertions, deletions and replacements between two words. */
function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = (above[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (above[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    above = current;
  }
  return above[b.length] ?? 0;
}
