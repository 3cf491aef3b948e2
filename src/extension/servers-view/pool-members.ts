/** Adds storage servers to the configuration of a window, and takes them out: in its `.env`, or in the settings. */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import * as vscode from 'vscode';
import type { Configuration, StorageServerConfiguration } from '../../config/configuration.ts';
import { withoutStorageServer, withVariables } from '../../config/env-edit.ts';
import { isLoopback } from '../../config/loopback.ts';
import { storageTlsVariables, storageVariables } from '../../config/variables.ts';
import type { Origin } from '../configuration.ts';
import { forgetPassword, type RemoteServer, remoteStorageServers, storePassword } from '../remote-servers.ts';
import type { Servers } from '../servers.ts';
import { storageFolders, withoutFolder } from '../storage-folders.ts';
import type { ServerAnswers } from './server-questions.ts';

/** Numbers of servers on other machines begin here in the settings, so that more folders can be added. */
const firstRemoteNumber = 11;

/** @throws Error where another window, or another program, decides which servers there are */
export function requireOwnServers({ state }: Servers): void {
  if (state.kind !== 'running' || state.startedHere) return;
  throw new Error(
    vscode.l10n.t(
      'These servers were started by another window, by "splitftp serve" or on another machine: change them there.',
    ),
  );
}

export class PoolMembers {
  readonly #context: vscode.ExtensionContext;

  constructor(context: vscode.ExtensionContext) {
    this.#context = context;
  }

  /** A number that no storage server has. */
  nextNumber(origin: Origin, { storageServers }: Configuration): number {
    const highest = Math.max(0, ...storageServers.map(({ number }) => number));
    return origin.kind === 'env' ? highest + 1 : Math.max(firstRemoteNumber, highest + 1);
  }

  async addServer(origin: Origin, { server, password }: ServerAnswers): Promise<void> {
    if (origin.kind === 'env') {
      const { number, host, port, user, tls, fingerprint } = server;
      const names = storageVariables(number);
      const tlsNames = storageTlsVariables(number);
      await changeEnv(origin.uri, (text) =>
        withVariables(text, {
          [names.user]: user,
          [names.password]: password,
          [names.host]: host,
          [names.port]: String(port),
          [tlsNames.mode]: tls,
          ...(isLoopback(host) && { [names.bundled]: 'no' }),
          ...(fingerprint === undefined ? {} : { [tlsNames.fingerprint]: fingerprint }),
        }),
      );
      return;
    }
    await storePassword(this.#context.secrets, server, password);
    await setRemoteServers([...remoteStorageServers(), server]);
  }

  /** One more bundled server, in a folder of this machine. */
  async addFolder(
    origin: Origin,
    { storageServers }: Configuration,
    folder: string,
    freePort: number,
  ): Promise<void> {
    if (origin.kind === 'env') {
      const number = Math.max(0, ...storageServers.map((one) => one.number)) + 1;
      const names = storageVariables(number);
      await changeEnv(origin.uri, (text) =>
        withVariables(text, {
          [names.user]: `storage${number}`,
          [names.password]: randomBytes(18).toString('base64url'),
          [names.host]: '127.0.0.1',
          [names.port]: String(freePort),
          [names.folder]: folder,
        }),
      );
      return;
    }
    await setFolders([...storageFolders(this.#context), folder]);
  }

  /** @param members storage servers that there are. @throws Error for the last one */
  async remove(origin: Origin, server: StorageServerConfiguration, members: number): Promise<void> {
    if (members < 2) throw new Error(vscode.l10n.t('A pool needs a storage server: add another one first.'));
    if (origin.kind === 'env') {
      await changeEnv(origin.uri, (text) => withoutStorageServer(text, server.number));
      return;
    }
    const remote = remoteStorageServers();
    const removed = remote.find(({ number }) => number === server.number);
    if (removed === undefined) {
      await setFolders(withoutFolder(storageFolders(this.#context), server.number));
      return;
    }
    await setRemoteServers(remote.filter((one) => one !== removed));
    await forgetPassword(this.#context.secrets, removed);
  }
}

async function setFolders(folders: readonly string[]): Promise<void> {
  await vscode.workspace
    .getConfiguration('splitftp')
    .update('storageFolders', folders, vscode.ConfigurationTarget.Global);
}

async function changeEnv(uri: vscode.Uri, change: (text: string) => string): Promise<void> {
  const before = await readFile(uri.fsPath, 'utf8');
  await writeFile(uri.fsPath, change(before));
}

async function setRemoteServers(servers: readonly RemoteServer[]): Promise<void> {
  await vscode.workspace
    .getConfiguration('splitftp')
    .update('storageServers', servers, vscode.ConfigurationTarget.Global);
}
