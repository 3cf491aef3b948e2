import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import * as vscode from 'vscode';
import { RemoteError } from '../../client/errors.ts';
import type { SplitClient } from '../../client/split-client.ts';
import type { RemoteEntry } from '../../client/transfer.ts';
import type { Servers } from '../servers.ts';
import { toFileSystemError } from './errors.ts';
import { FolderSnapshots, type StoredChange } from './folder-snapshots.ts';
import { isBelow, parentOf } from './stored-uri.ts';

const { FileExists, FileIsADirectory, FileNotADirectory, FileNotFound, NoPermissions, Unavailable } =
  vscode.FileSystemError;

/** What is needed of the servers. */
export type Coordinator = Pick<Servers, 'state' | 'client' | 'onDidChangeState'>;

/**
 * What is stored, as the tree, the editor and other extensions see and change it: in one place, so that they are told
 * of each change and never differ. Its errors are {@link vscode.FileSystemError}s, with sentences for a person.
 */
export class StoredFiles implements vscode.Disposable {
  readonly #servers: Coordinator;
  readonly #snapshots = new FolderSnapshots();
  readonly #changed = new vscode.EventEmitter<readonly StoredChange[]>();
  readonly #state: vscode.Disposable;
  /** Changes made here, and those of others as soon as a listing shows them. */
  readonly onDidChange = this.#changed.event;
  #haveRun = false;

  constructor(servers: Coordinator) {
    this.#servers = servers;
    this.#state = servers.onDidChangeState(({ kind }) => {
      if (kind === 'running') this.#haveRun = true;
      // Other servers may hold other files.
      if (kind === 'stopped') this.#snapshots.clear();
    });
  }

  /** Folders that were listed, the one used last at the end. */
  get listedFolders(): readonly string[] {
    return this.#snapshots.folders;
  }

  get isReachable(): boolean {
    return this.#servers.state.kind === 'running';
  }

  /** The entries of a folder, sorted by name. */
  list(folder: string): Promise<RemoteEntry[]> {
    return this.#with(folder, async (client) => {
      try {
        const entries = await client.list(folder);
        this.#tell(this.#snapshots.update(folder, entries));
        return entries;
      } catch (error) {
        if (!(error instanceof RemoteError)) throw error;
        const { kind } = await present(client, folder);
        throw kind === 'file' ? FileNotADirectory(vscode.l10n.t('{0} is a file', folder)) : error;
      }
    });
  }

  stat(path: string): Promise<RemoteEntry> {
    return this.#with(path, (client) => present(client, path));
  }

  async exists(path: string): Promise<boolean> {
    return this.#with(path, async (client) => (await client.stat(path)) !== undefined);
  }

  /** All bytes of a file. */
  read(path: string): Promise<Uint8Array> {
    return this.#with(path, async (client) => {
      try {
        return await client.read(path);
      } catch (error) {
        if (!(error instanceof RemoteError)) throw error;
        const { kind } = await present(client, path);
        throw kind === 'directory' ? FileIsADirectory(vscode.l10n.t('{0} is a folder', path)) : error;
      }
    });
  }

  /** Replaces the content of a file as a whole, or makes the file. */
  write(
    path: string,
    content: Uint8Array,
    { create, overwrite }: { readonly create: boolean; readonly overwrite: boolean },
  ): Promise<void> {
    return this.#with(path, async (client) => {
      const existing = await client.stat(path);
      if (existing?.kind === 'directory') throw FileIsADirectory(vscode.l10n.t('{0} is a folder', path));
      if (existing && create && !overwrite) throw FileExists(vscode.l10n.t('{0} exists already', path));
      if (!existing && !create) throw FileNotFound(vscode.l10n.t('there is no {0}', path));
      if (existing?.readOnly) throw NoPermissions(vscode.l10n.t('{0} is read-only for this account', path));
      await client.write(path, content).catch((error) => explainCreation(client, path, error));
      this.#own({ kind: existing ? 'changed' : 'created', path });
    });
  }

  makeDirectory(path: string): Promise<void> {
    return this.#with(path, async (client) => {
      await client.makeDirectory(path).catch(async (error: unknown) => {
        if (await client.stat(path)) throw FileExists(vscode.l10n.t('{0} exists already', path));
        return explainCreation(client, path, error);
      });
      this.#own({ kind: 'created', path });
    });
  }

  /** @param options.recursive false refuses a folder that holds something. */
  remove(path: string, { recursive }: { readonly recursive: boolean }): Promise<void> {
    return this.#with(path, async (client) => {
      if (path === '/') throw NoPermissions(vscode.l10n.t('the root folder cannot be deleted'));
      changeable(await present(client, path));
      try {
        await client.remove(path, { recursive });
      } catch (error) {
        if (!(error instanceof RemoteError)) throw error;
        await present(client, path);
        const isFull = !recursive && (await client.list(path)).length > 0;
        throw isFull ? new vscode.FileSystemError(vscode.l10n.t('{0} is not empty', path)) : error;
      }
      this.#own({ kind: 'deleted', path });
    });
  }

  /** Moves a file or folder; what `overwrite` replaces is there again if the move fails. */
  rename(from: string, to: string, { overwrite }: { readonly overwrite: boolean }): Promise<void> {
    return this.#with(to, async (client) => {
      const source = changeable(await present(client, from));
      if (from === to) return;
      const target = await this.#target(client, source, to, overwrite);
      const move = () => client.rename(from, to).catch((error) => explainCreation(client, to, error));
      if (target && (target.kind === 'directory' || source.kind === 'directory')) {
        await this.#replacing(client, to, move);
      } else await move();
      this.#own({ kind: 'deleted', path: from }, { kind: target ? 'changed' : 'created', path: to });
    });
  }

  /** Copies a file or folder through this machine; what `overwrite` replaces is there again if the copying fails. */
  copy(from: string, to: string, { overwrite }: { readonly overwrite: boolean }): Promise<void> {
    return this.#with(to, async (client) => {
      const source = await present(client, from);
      if (from === to && overwrite) return;
      const target = await this.#target(client, source, to, overwrite);
      const copy = () => copyAll(client, source, to).catch((error) => explainCreation(client, to, error));
      if (target && (target.kind === 'directory' || source.kind === 'directory')) {
        await this.#replacing(client, to, copy);
      } else await copy();
      this.#own({ kind: target ? 'changed' : 'created', path: to });
    });
  }

  /** A folder that was listed is gone. */
  forget(folder: string): void {
    this.#snapshots.forget(folder);
    this.#tell([{ kind: 'deleted', path: folder }]);
  }

  dispose(): void {
    this.#state.dispose();
    this.#changed.dispose();
  }

  /** What a move or a copy would replace. */
  async #target(
    client: SplitClient,
    source: RemoteEntry,
    to: string,
    overwrite: boolean,
  ): Promise<RemoteEntry | undefined> {
    if (isBelow(to, source.path))
      throw NoPermissions(vscode.l10n.t('{0} cannot go into itself', source.path));
    const target = await client.stat(to);
    if (target === undefined) return undefined;
    if (!overwrite) throw FileExists(vscode.l10n.t('{0} exists already', to));
    if (isBelow(source.path, to))
      throw NoPermissions(vscode.l10n.t('{0} cannot be replaced by what is in it', to));
    return changeable(target);
  }

  /** Does something that needs a path to be free: what is there goes aside, and back if that fails. */
  async #replacing(client: SplitClient, path: string, work: () => Promise<void>): Promise<void> {
    const aside = `${path}.replaced-${randomBytes(4).toString('hex')}`;
    await client.rename(path, aside);
    try {
      await work();
    } catch (error) {
      await client.rename(aside, path);
      throw error;
    }
    this.#snapshots.adopt(aside);
    await client.remove(aside);
  }

  async #with<T>(path: string, work: (client: SplitClient) => Promise<T>): Promise<T> {
    try {
      return await work(await this.#client());
    } catch (error) {
      throw this.#servers.state.kind === 'running' ? toFileSystemError(error, path) : this.#unavailable();
    }
  }

  /** Servers that were never started are; those that somebody stopped, or that failed, are left as they are. */
  async #client(): Promise<SplitClient> {
    const { kind } = this.#servers.state;
    if (kind === 'failed' || kind === 'stopping' || (kind === 'stopped' && this.#haveRun)) {
      throw this.#unavailable();
    }
    return this.#servers.client();
  }

  #unavailable(): vscode.FileSystemError {
    const { state } = this.#servers;
    return Unavailable(
      state.kind === 'failed'
        ? state.message
        : vscode.l10n.t('The servers are stopped: run the command "SplitFTP: Start Servers".'),
    );
  }

  #own(...changes: StoredChange[]): void {
    for (const { path } of changes) this.#snapshots.adopt(path);
    this.#tell(changes);
  }

  #tell(changes: readonly StoredChange[]): void {
    if (changes.length > 0) this.#changed.fire(changes);
  }
}

async function present(client: SplitClient, path: string): Promise<RemoteEntry> {
  const entry = /\p{Cc}/u.test(path) ? undefined : await client.stat(path);
  if (entry === undefined) throw FileNotFound(vscode.l10n.t('there is no {0}', path));
  return entry;
}

function changeable(entry: RemoteEntry): RemoteEntry {
  if (entry.readOnly) throw NoPermissions(vscode.l10n.t('{0} is read-only for this account', entry.path));
  return entry;
}

/** Why something could not be made at a path; FTP has one code for all of these reasons. */
async function explainCreation(client: SplitClient, path: string, error: unknown): Promise<never> {
  if (!(error instanceof RemoteError) || error.code < 500) throw error;
  const parent = parentOf(path);
  const { kind, readOnly } = await present(client, parent);
  if (kind === 'file') throw FileNotADirectory(vscode.l10n.t('{0} is a file', parent));
  if (readOnly) throw NoPermissions(vscode.l10n.t('{0} is read-only for this account', parent));
  throw error;
}

/** Leaves nothing of a folder that could not be copied whole. */
async function copyAll(client: SplitClient, source: RemoteEntry, to: string): Promise<void> {
  if (source.kind === 'file') return client.copyFile(source.path, to);
  await client.makeDirectory(to);
  try {
    for (const entry of await client.list(source.path)) {
      await copyAll(client, entry, posix.join(to, entry.name));
    }
  } catch (error) {
    await client.remove(to);
    throw error;
  }
}
