/** Servers on other machines, as the settings name them; their passwords are in SecretStorage and nowhere else. */
import * as v from 'valibot';
import * as vscode from 'vscode';
import {
  type Configuration,
  ConfigurationError,
  type StorageServerConfiguration,
} from '../config/configuration.ts';
import { defaultUpkeep } from '../config/upkeep.ts';

const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535));

export const remoteServer = v.object({
  /** Of a storage server: its place in the pool, which never changes. */
  number: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(255)), 1),
  host: v.pipe(v.string(), v.minLength(1)),
  port: v.optional(port, 21),
  user: v.pipe(v.string(), v.minLength(1)),
  tls: v.optional(v.picklist(['off', 'explicit', 'implicit']), 'explicit'),
  /** SHA-256, 64 lowercase hexadecimal digits. */
  fingerprint: v.optional(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))),
});
export type RemoteServer = v.InferOutput<typeof remoteServer>;

/** Whether a person has written down that a coordinator on another machine is used. */
export function remoteCoordinator(): RemoteServer | undefined {
  return read('coordinator', v.nullish(remoteServer)) ?? undefined;
}

export function remoteStorageServers(): readonly RemoteServer[] {
  return read('storageServers', v.array(remoteServer)) ?? [];
}

function read<T>(name: string, schema: v.GenericSchema<unknown, T>): T {
  const parsed = v.safeParse(schema, vscode.workspace.getConfiguration('splitftp').get(name));
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const at = v.getDotPath(issue);
  const where = at === null ? '' : ` (${at})`;
  throw new ConfigurationError('the settings', [`splitftp.${name}${where}: ${issue.message}`]);
}

export async function storePassword(
  secrets: vscode.SecretStorage,
  server: Pick<RemoteServer, 'user' | 'host' | 'port'>,
  password: string,
): Promise<void> {
  await secrets.store(secretOf(server), password);
}

export async function forgetPassword(
  secrets: vscode.SecretStorage,
  server: Pick<RemoteServer, 'user' | 'host' | 'port'>,
): Promise<void> {
  await secrets.delete(secretOf(server));
}

/** @throws {ConfigurationError} where VS Code has none, since the setting came from another machine, for example */
async function passwordOf(secrets: vscode.SecretStorage, server: RemoteServer): Promise<string> {
  const password = await secrets.get(secretOf(server));
  if (password !== undefined) return password;
  throw new ConfigurationError('the settings', [
    vscode.l10n.t(
      'There is no password for {0}: add that server once more.',
      `${server.user}@${server.host}:${server.port}`,
    ),
  ]);
}

function secretOf({ user, host, port: at }: Pick<RemoteServer, 'user' | 'host' | 'port'>): string {
  return `password of ${user}@${host}:${at}`;
}

/** @param folder unused by a server on another machine */
export function toStorageServer(
  { number, host, port: at, user, tls, fingerprint }: RemoteServer,
  password: string,
  folder: string,
): StorageServerConfiguration {
  return {
    number,
    account: { user, password },
    host,
    port: at,
    folder,
    bundled: false,
    tls: { mode: tls, waived: tls === 'off', ...(fingerprint !== undefined && { fingerprint }) },
  };
}

export async function loadStorageServers(
  secrets: vscode.SecretStorage,
  folder: string,
): Promise<StorageServerConfiguration[]> {
  return Promise.all(
    remoteStorageServers().map(async (server) =>
      toStorageServer(server, await passwordOf(secrets, server), folder),
    ),
  );
}

/** Nothing of it is started here; the storage servers are that coordinator's business. */
export async function toRemoteConfiguration(
  secrets: vscode.SecretStorage,
  server: RemoteServer,
  folder: string,
): Promise<Configuration> {
  return coordinatorConfiguration(server, await passwordOf(secrets, server), folder);
}

export function coordinatorConfiguration(
  { host, port: at, user, tls, fingerprint }: RemoteServer,
  password: string,
  folder: string,
): Configuration {
  return {
    coordinator: {
      account: { user, password },
      host,
      port: at,
      folder,
      usersFile: '',
      upkeep: defaultUpkeep,
      limits: {},
      tls: {
        mode: tls === 'off' ? 'off' : 'required',
        ...(fingerprint !== undefined && { fingerprint }),
      },
    },
    storageServers: [],
    layout: { dataParts: 1, parityParts: 0 },
    source: 'the settings',
  };
}
