import { isIP } from 'node:net';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import {
  type Account,
  type Configuration,
  ConfigurationError,
  type CoordinatorConfiguration,
  type StorageServerConfiguration,
} from './configuration.ts';
import { dataConnectionsToEnvironment, readDataConnections } from './data-connections.ts';
import { readEnvFile, type Variables } from './env-file.ts';
import { layoutEnvironment, readLayout } from './layout.ts';
import { limitsToEnvironment, readLimits } from './limits.ts';
import { isLocal } from './loopback.ts';
import { readStorageLimits, storageLimitEnvironment } from './storage-limits.ts';
import {
  coordinatorTlsEnvironment,
  implicitPortOf,
  readCoordinatorTls,
  readStorageTls,
  storageTlsEnvironment,
} from './tls.ts';
import { readStorageSpace, readUpkeep, storageSpaceEnvironment, upkeepEnvironment } from './upkeep.ts';
import {
  coordinatorVariables,
  mostStorageServers,
  newPoolVariable,
  storageHostVariable,
  storageNumber,
  storageVariables,
  usersFileVariable,
} from './variables.ts';

export interface ConfigurationSource {
  /** An `.env` file; without it the environment alone is the configuration. */
  readonly envFile?: string;
  /** Wins over the file, as people know it from dotenv. */
  readonly environment?: Variables;
}

const localhost = '127.0.0.1';
const firstPort = 2121;

/**
 * Reads and checks the whole configuration.
 * @throws {ConfigurationError} with everything that is wrong, at once.
 */
export async function loadConfiguration({
  envFile,
  environment = process.env,
}: ConfigurationSource = {}): Promise<Configuration> {
  if (envFile === undefined) return readConfiguration(environment, process.cwd(), 'the environment');
  const path = resolve(envFile);
  const file = await readEnvFile(path);
  return readConfiguration({ ...file.variables, ...environment }, dirname(path), path, file.problems);
}

/** The variables that {@link loadConfiguration} reads back to the same configuration, for a child process. */
export function toEnvironment(configuration: Configuration): Record<string, string> {
  const { coordinator, storageServers } = configuration;
  const environment: Record<string, string> = {
    ...limitsToEnvironment(coordinator.limits),
    ...upkeepEnvironment(coordinator.upkeep),
    [usersFileVariable]: coordinator.usersFile,
    ...(coordinator.newPool && { [newPoolVariable]: 'yes' }),
    ...(coordinator.dataConnections && dataConnectionsToEnvironment(coordinator.dataConnections)),
    ...layoutEnvironment(configuration),
  };
  const servers = [
    { names: coordinatorVariables, server: coordinator },
    ...storageServers.map((server) => ({ names: storageVariables(server.number), server })),
  ];
  for (const { names, server } of servers) {
    environment[names.user] = server.account.user;
    environment[names.password] = server.account.password;
    environment[names.host] = server.host;
    environment[names.port] = String(server.port);
    environment[names.folder] = server.folder;
  }
  Object.assign(environment, coordinatorTlsEnvironment(coordinator.tls));
  for (const server of storageServers) {
    if (server.bundled === false) environment[storageVariables(server.number).bundled] = 'no';
    Object.assign(environment, storageTlsEnvironment(server.tls, server.number));
    Object.assign(environment, storageLimitEnvironment(server, server.number));
    Object.assign(environment, storageSpaceEnvironment(server, server.number));
  }
  return environment;
}

function readConfiguration(
  variables: Variables,
  base: string,
  source: string,
  fileProblems: readonly string[] = [],
): Configuration {
  const reader = new VariableReader(variables, base);
  const dataConnections = readDataConnections(variables, reader.problems);
  const folder = reader.folder(coordinatorVariables.folder, 'server_folder');
  const host = reader.host(coordinatorVariables.host, localhost);
  const coordinator: CoordinatorConfiguration = {
    account: reader.account(coordinatorVariables),
    host,
    port: reader.port(coordinatorVariables.port, firstPort),
    folder,
    usersFile: reader.folder(usersFileVariable, join(folder, 'users.json')),
    limits: readLimits(variables, reader.problems),
    upkeep: readUpkeep(reader),
    ...(reader.choice(newPoolVariable, ['yes', 'no']) === 'yes' && { newPool: true }),
    tls: readCoordinatorTls(reader, isLocal({ host })),
    ...(dataConnections && { dataConnections }),
  };
  const commonHost = reader.host(storageHostVariable, localhost);
  const storageServers = storageNumbers(variables, reader.problems).map((number) => {
    const names = storageVariables(number);
    return {
      number,
      account: reader.account(names),
      host: reader.host(names.host, commonHost),
      port: reader.port(names.port, firstPort + number),
      folder: reader.folder(names.folder, `storage_folder${number}`),
      ...(reader.choice(names.bundled, ['yes', 'no']) === 'no' && { bundled: false }),
      tls: readStorageTls(reader, number),
      ...readStorageLimits(reader, number),
      ...readStorageSpace(reader, number),
    };
  });
  const layout = readLayout(reader, storageServers.length);
  const problems = [
    ...fileProblems,
    ...reader.problems,
    ...addressProblems(coordinator, storageServers),
    ...folderProblems(coordinator, storageServers),
  ];
  if (problems.length > 0) throw new ConfigurationError(source, problems);
  return { coordinator, storageServers, ...layout, source };
}

/** Reads single values; what is wrong is noted and a value that lets the reading go on is returned. */
export class VariableReader {
  readonly problems: string[] = [];
  readonly #variables: Variables;
  readonly #base: string;

  constructor(variables: Variables, base: string) {
    this.#variables = variables;
    this.#base = base;
  }

  account(names: { readonly user: string; readonly password: string }): Account {
    return { user: this.#required(names.user), password: this.#required(names.password) };
  }

  port(name: string, byDefault: number): number {
    const text = this.optional(name);
    if (text === undefined) return byDefault;
    const port = Number(text);
    if (/^\d{1,5}$/.test(text) && port >= 1 && port <= 65535) return port;
    this.problems.push(`${name} is "${text}": write a port from 1 to 65535`);
    return byDefault;
  }

  host(name: string, byDefault: string): string {
    const text = this.optional(name)?.replace(/^\[(.*)\]$/, '$1');
    if (text === undefined) return byDefault;
    if (isIP(text) !== 0 || /^[\p{L}\p{N}_-]+(\.[\p{L}\p{N}_-]+)*\.?$/u.test(text)) return text;
    this.problems.push(
      `${name} is "${text}": write a host name or an address alone, without ftp:// or a port`,
    );
    return byDefault;
  }

  folder(name: string, byDefault: string): string {
    const text = this.optional(name) ?? byDefault;
    if (hasControlCharacter(text)) this.problems.push(`${name} holds a control character: remove it`);
    return resolve(this.#base, text);
  }

  /** A whole number between these two. */
  within(name: string, least: number, most: number): number | undefined {
    const text = this.optional(name);
    if (text === undefined) return undefined;
    const number = Number(text);
    if (/^\d{1,9}$/.test(text) && number >= least && number <= most) return number;
    const range = least === most ? `${most}` : `a whole number from ${least} to ${most}`;
    this.problems.push(`${name} is "${text}": write ${range}, or remove it`);
    return undefined;
  }

  /** The path of a file that somebody else has to provide. */
  file(name: string): string | undefined {
    return this.optional(name) === undefined ? undefined : this.folder(name, '');
  }

  choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const text = this.optional(name);
    const chosen = choices.find((choice) => choice === text?.toLowerCase());
    if (text !== undefined && chosen === undefined) {
      this.problems.push(`${name} is "${text}": write one of ${choices.join(', ')}`);
    }
    return chosen;
  }

  optional(name: string): string | undefined {
    return this.#variables[name] || undefined;
  }

  #required(name: string): string {
    const text = this.#variables[name];
    if (text === undefined) this.problems.push(`${name} is missing: add it`);
    else if (text === '') this.problems.push(`${name} is empty: give it a value`);
    else if (hasControlCharacter(text)) this.problems.push(`${name} holds a control character: remove it`);
    return text ?? '';
  }
}

function hasControlCharacter(text: string): boolean {
  return /\p{Cc}/u.test(text);
}

/** The numbers of the storage servers that have a variable; one may be missing, where a server was removed. */
function storageNumbers(variables: Variables, problems: string[]): number[] {
  const found = new Set<number>();
  for (const [name, value] of Object.entries(variables)) {
    const number = storageNumber(name);
    if (number === undefined || value === undefined) continue;
    if (number <= mostStorageServers) found.add(number);
    else problems.push(`${name} is set, but the numbers of storage servers end with ${mostStorageServers}`);
  }
  const numbers = [...found].sort((a, b) => a - b);
  if (numbers.length === 0) return [1]; // Its missing variables are then what is reported.
  return numbers;
}

function addressProblems(
  coordinator: CoordinatorConfiguration,
  storageServers: readonly StorageServerConfiguration[],
): string[] {
  const problems: string[] = [];
  const taken = new Map<string, string>();
  const servers: { variable: string; host: string; port: number }[] = [
    { variable: coordinatorVariables.port, host: coordinator.host, port: coordinator.port },
    ...implicitPortOf(coordinator.tls).map((own) => ({ ...own, host: coordinator.host })),
    ...storageServers.map(({ number, host, port }) => ({
      variable: storageVariables(number).port,
      host,
      port,
    })),
  ];
  for (const { variable, host, port } of servers) {
    // All of the machine's own addresses count as one: a server on 0.0.0.0 takes the port on each of them.
    const onThisMachine = isLocal({ host }) || host === '0.0.0.0' || host === '::';
    const address = `${onThisMachine ? 'this machine' : host.toLowerCase()}:${port}`;
    const other = taken.get(address);
    if (other !== undefined) {
      problems.push(
        `${other} and ${variable} are both ${port} on one host: give each server a port of its own`,
      );
    } else taken.set(address, variable);
  }
  return problems;
}

function folderProblems(
  coordinator: CoordinatorConfiguration,
  storageServers: readonly StorageServerConfiguration[],
): string[] {
  const problems: string[] = [];
  const local = storageServers.filter(isLocal);
  for (const [index, server] of local.entries()) {
    const name = storageVariables(server.number).folder;
    if (isWithin(coordinator.folder, server.folder)) {
      problems.push(
        `${coordinatorVariables.folder} (${coordinator.folder}) is in the folder of ${name}: ` +
          "give the coordinator a folder outside the storage servers' folders",
      );
    }
    for (const other of local.slice(index + 1)) {
      if (!isWithin(server.folder, other.folder) && !isWithin(other.folder, server.folder)) continue;
      problems.push(
        `${name} and ${storageVariables(other.number).folder} share the folder ${other.folder}: ` +
          'give each storage server a folder of its own, none inside another',
      );
    }
  }
  return problems;
}

/** Whether a folder is another or below it. Both are absolute. */
function isWithin(folder: string, other: string): boolean {
  const path = relative(other, folder);
  return path === '' || (path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path));
}
