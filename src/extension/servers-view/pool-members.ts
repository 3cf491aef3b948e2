/** Adds storage servers to the configuration of a window, and takes them out: in its `.env`, or in the settings. */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { Configuration, StorageServerConfiguration } from '../../config/configuration.ts';
import { withoutStorageServer, withVariables } from '../../config/env-edit.ts';
import { storageTlsVariables, storageVariables } from '../../config/variables.ts';
import type { Origin } from '../configuration.ts';
import { forgetPassword, type RemoteServer, remoteStorageServers, storePassword } from '../remote-servers.ts';
import type { ServerAnswers } from './server-questions.ts';

/** Numbers of servers on other machines begin here in the settings, so that more folders can be added. */
const firstRemoteNumber = 11;

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
    const settings = vscode.workspace.getConfiguration('splitftp');
    const chosen = settings.get<string[]>('storageFolders', []);
    const data = this.#context.globalStorageUri.fsPath;
    const before = chosen.length > 0 ? chosen : [1, 2, 3].map((one) => join(data, `storage_folder${one}`));
    await settings.update('storageFolders', [...before, folder], vscode.ConfigurationTarget.Global);
  }

  /** @throws Error where a person has to do it, and says how */
  async remove(origin: Origin, server: StorageServerConfiguration): Promise<void> {
    if (origin.kind === 'env') {
      await changeEnv(origin.uri, (text) => withoutStorageServer(text, server.number));
      return;
    }
    const remote = remoteStorageServers();
    const removed = remote.find(({ number }) => number === server.number);
    if (removed === undefined) {
      throw new Error(
        vscode.l10n.t(
          'Storage server {0} is a folder of the setting "splitftp.storageFolders". Its place in that list is its number: only the last folder can be taken out, there.',
          server.number,
        ),
      );
    }
    await setRemoteServers(remote.filter((one) => one !== removed));
    await forgetPassword(this.#context.secrets, removed);
  }
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
