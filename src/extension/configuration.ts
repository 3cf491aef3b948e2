import { join } from 'node:path';
import * as vscode from 'vscode';
import { type Configuration, ConfigurationError } from '../config/configuration.ts';
import { isOwnEnvFile } from '../config/env-file.ts';
import { defaultLayout } from '../config/layout.ts';
import { defaultUpkeep } from '../config/upkeep.ts';
import { generatedAccount } from './credentials.ts';
import { loadStorageServers, remoteCoordinator, toRemoteConfiguration } from './remote-servers.ts';
import { folderProblems, storageFolders } from './storage-folders.ts';

/** Where a person changes the configuration: an `.env` file of the workspace, or else the settings. */
export type Origin = { readonly kind: 'env'; readonly uri: vscode.Uri } | { readonly kind: 'settings' };

/** Finds the configuration of this window's servers and tells when it may have changed. */
export class ConfigurationFinder implements vscode.Disposable {
  readonly #context: vscode.ExtensionContext;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #disposables: vscode.Disposable[];
  readonly onMayHaveChanged = this.#changed.event;
  /** Changes on behalf of a person that are going on. */
  #changing = 0;

  constructor(context: vscode.ExtensionContext) {
    this.#context = context;
    const watcher = vscode.workspace.createFileSystemWatcher('**/.env');
    const changed = () => {
      if (this.#changing === 0) this.#changed.fire();
    };
    this.#disposables = [
      this.#changed,
      watcher,
      watcher.onDidChange(changed),
      watcher.onDidCreate(changed),
      watcher.onDidDelete(changed),
      vscode.workspace.onDidGrantWorkspaceTrust(changed),
      vscode.workspace.onDidChangeWorkspaceFolders(changed),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration('splitftp')) changed();
      }),
    ];
  }

  /** A change that starts the servers anew by itself: nobody has to be asked whether to do that. */
  async change(work: () => Promise<void>): Promise<void> {
    this.#changing += 1;
    try {
      await work();
    } finally {
      this.#changing -= 1;
    }
  }

  async origin(): Promise<Origin> {
    // An `.env` decides which servers get the files, so that of an untrusted folder is not even read.
    if (!vscode.workspace.isTrusted) return { kind: 'settings' };
    for (const { uri } of vscode.workspace.workspaceFolders ?? []) {
      const file = vscode.Uri.joinPath(uri, '.env');
      if (uri.scheme === 'file' && (await isOwnEnvFile(file.fsPath))) return { kind: 'env', uri: file };
    }
    return { kind: 'settings' };
  }

  /** @throws {ConfigurationError} */
  async load(origin: Origin): Promise<Configuration> {
    if (origin.kind === 'env') {
      const { loadConfiguration } = await import('../config/load.ts');
      return loadConfiguration({ envFile: origin.uri.fsPath, environment: {} });
    }
    const settings = vscode.workspace.getConfiguration('splitftp');
    const port = settings.get('port', 2121);
    const data = this.#context.globalStorageUri.fsPath;
    const remote = remoteCoordinator();
    if (remote !== undefined)
      return toRemoteConfiguration(this.#context.secrets, remote, join(data, 'remote'));
    const folders = storageFolders(this.#context);
    const problems = folderProblems(folders);
    if (problems.length > 0) throw new ConfigurationError('the settings', problems);
    const account = (user: string) => generatedAccount(this.#context.secrets, user);
    const host = '127.0.0.1';
    const local = await Promise.all(
      [...folders.entries()]
        .filter(([, folder]) => folder !== '')
        .map(async ([index, folder]) => ({
          number: index + 1,
          account: await account(`storage${index + 1}`),
          host,
          port: port + 1 + index,
          folder,
          tls: { mode: 'off', waived: false } as const,
        })),
    );
    const others = await loadStorageServers(this.#context.secrets, join(data, 'remote'));
    const storageServers = [...local, ...others];
    const numbers = new Set(storageServers.map(({ number }) => number));
    if (numbers.size < storageServers.length) {
      throw new ConfigurationError('the settings', [
        vscode.l10n.t(
          'splitftp.storageServers: two storage servers have one number: the folders have 1, 2, ..., the others need higher ones',
        ),
      ]);
    }
    return {
      coordinator: {
        account: await account('splitftp'),
        host,
        port,
        folder: join(data, 'server_folder'),
        usersFile: join(data, 'server_folder', 'users.json'),
        limits: {},
        upkeep: defaultUpkeep,
        tls: { mode: 'off' },
      },
      storageServers,
      layout: defaultLayout(storageServers.length),
      source: 'the settings',
    };
  }

  dispose(): void {
    vscode.Disposable.from(...this.#disposables).dispose();
  }
}
