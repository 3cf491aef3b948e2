import type { StorageServerConfiguration } from '../config/configuration.ts';
import { storageHostVariable, storageVariables } from '../config/variables.ts';
import { startFtpServer } from '../ftp/server.ts';
import type { Log } from '../log/log.ts';
import { matchesAccount } from '../servers/account.ts';
import { requirePasswordOutsideLoopback } from '../servers/exposure.ts';
import { type RunningServer, urlOf } from '../servers/server-process.ts';
import { describeTls, storageServerTls } from '../servers/server-tls.ts';
import { explainListenError, StartError } from '../servers/start-error.ts';
import { Folder } from './folder.ts';

/**
 * Serves one folder to one account until it is closed.
 * @throws StartError when the folder or the port cannot be used
 */
export async function runStorageServer(
  configuration: StorageServerConfiguration,
  log: Log,
): Promise<RunningServer> {
  const { number, account, host, port, folder: path } = configuration;
  const variables = storageVariables(number);
  requirePasswordOutsideLoopback(host, account, variables.password);
  const tls = await storageServerTls(configuration, log);
  const folder = await openFolder(path, variables.folder);
  try {
    const server = await startFtpServer({
      host,
      port,
      log,
      greeting: `SplitFTP storage server ${number}`,
      login: async (user, password) =>
        matchesAccount(account, user, password)
          ? { fileSystem: folder }
          : { refused: user === account.user ? 'wrong-password' : 'unknown-name' },
      ...(tls && { tls: tls.ftp }),
    });
    return {
      port: server.port,
      announcement: `storage server ${number} on ${urlOf(host, server.port)}${describeTls(tls)}, folder ${path}`,
      close: () => server.close(),
    };
  } catch (error) {
    const hostVariable = `${variables.host} or ${storageHostVariable}`;
    throw explainListenError(error, { host, port, hostVariable, portVariable: variables.port });
  }
}

async function openFolder(path: string, variable: string): Promise<Folder> {
  try {
    return await Folder.open(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const causes: Readonly<Record<string, string>> = {
      EEXIST: 'is a file',
      ENOTDIR: 'lies below a file',
      EACCES: 'is not writable by this user',
      EPERM: 'is not writable by this user',
      EROFS: 'is on a disk that is read-only',
      ENOSPC: 'is on a disk that is full',
    };
    const cause = typeof code === 'string' ? causes[code] : undefined;
    if (!cause) throw error;
    throw new StartError(
      `The folder ${path} (${variable}) ${cause}: set ${variable} to a folder that can be written to.`,
      { cause: error },
    );
  }
}
