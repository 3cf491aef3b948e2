import { posix } from 'node:path';
import * as vscode from 'vscode';
import type { RemoteEntry } from '../../client/transfer.ts';
import { isNotFound, isUnavailable } from './errors.ts';
import type { StoredChange } from './folder-snapshots.ts';
import type { StoredFiles } from './stored-files.ts';
import { isBelow, parentOf } from './stored-uri.ts';

/** Milliseconds between two looks at what others have changed, with the window in front and behind others. */
const pauses = { focused: 4_000, behind: 30_000 };
/** Looking takes a twentieth of the time at most, however much there is to look at. */
const restPerWork = 20;

export interface Watch {
  readonly path: string;
  /** Also what is in folders below it. */
  readonly recursive: boolean;
  /** Absolute paths, or glob patterns relative to the watched folder. */
  readonly excludes: readonly string[];
}

/** What was at a watched path when it was last looked at. */
type Known = RemoteEntry | 'nothing' | 'not looked';

/**
 * Finds out what others change, since FTP tells nobody: looks again now and then at what is watched, of whole trees
 * only at folders that were listed in this window. Never starts a server.
 */
export class Watching implements vscode.Disposable {
  readonly #files: StoredFiles;
  readonly #log: vscode.LogOutputChannel;
  readonly #watches = new Map<Watch, Known>();
  readonly #found = new vscode.EventEmitter<readonly StoredChange[]>();
  readonly #subscriptions: vscode.Disposable;
  /** Changes of watched files; those in listed folders are told by {@link StoredFiles}. */
  readonly onDidFind = this.#found.event;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;

  constructor(files: StoredFiles, log: vscode.LogOutputChannel) {
    this.#files = files;
    this.#log = log;
    this.#subscriptions = vscode.Disposable.from(
      this.#found,
      vscode.window.onDidChangeWindowState(({ focused }) => focused && this.#schedule(0)),
    );
  }

  watch(watch: Watch): vscode.Disposable {
    this.#watches.set(watch, 'not looked');
    if (this.#watches.size === 1) this.#schedule(0);
    return new vscode.Disposable(() => {
      this.#watches.delete(watch);
      if (this.#watches.size === 0) clearTimeout(this.#timer);
    });
  }

  /** Looks now. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** Whether nobody wants to be told of a path: all watches that cover it exclude it. */
  isExcluded(path: string): boolean {
    const covering = [...this.#watches.keys()].filter((watch) => covers(watch, path));
    return covering.length > 0 && covering.every((watch) => excludes(watch, path));
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#watches.clear();
    this.#subscriptions.dispose();
  }

  #schedule(pause: number): void {
    clearTimeout(this.#timer);
    if (this.#watches.size === 0) return;
    this.#timer = setTimeout(async () => {
      const begin = performance.now();
      await this.look();
      const { focused } = vscode.window.state;
      const usual = focused ? pauses.focused : pauses.behind;
      this.#schedule(Math.max(usual, restPerWork * (performance.now() - begin)));
    }, pause);
  }

  async #look(): Promise<void> {
    const watches = [...this.#watches.keys()];
    const folders = this.#files.listedFolders.filter((folder) =>
      watches.some((watch) => watch.path === folder || (watch.recursive && isBelow(folder, watch.path))),
    );
    try {
      for (const folder of folders) await this.#lookAtFolder(folder);
      for (const watch of watches) {
        if (!folders.includes(watch.path) && !folders.includes(parentOf(watch.path))) {
          await this.#lookAt(watch);
        }
      }
    } catch (error) {
      if (!isUnavailable(error)) this.#log.warn(`Looking for changes: ${String(error)}`);
    }
  }

  /** Its listing tells what has changed. */
  async #lookAtFolder(folder: string): Promise<void> {
    if (!this.#files.isReachable) return;
    try {
      await this.#files.list(folder);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      this.#files.forget(folder);
    }
  }

  async #lookAt(watch: Watch): Promise<void> {
    if (!this.#files.isReachable) return;
    const known = this.#watches.get(watch);
    const now = await this.#files.stat(watch.path).catch((error: unknown): Known => {
      if (isNotFound(error)) return 'nothing';
      throw error;
    });
    if (!this.#watches.has(watch)) return;
    this.#watches.set(watch, now);
    if (known === undefined || known === 'not looked') return;
    const kind = changeOf(known, now);
    if (kind !== undefined) this.#found.fire([{ kind, path: watch.path }]);
  }
}

function changeOf(before: Known, now: Known): StoredChange['kind'] | undefined {
  if (typeof now === 'string') return typeof before === 'string' ? undefined : 'deleted';
  if (typeof before === 'string') return 'created';
  if (now.kind === 'directory') return undefined;
  const isSame = before.size === now.size && before.modified.getTime() === now.modified.getTime();
  return isSame ? undefined : 'changed';
}

function covers(watch: Watch, path: string): boolean {
  return watch.path === path || (watch.recursive ? isBelow(path, watch.path) : parentOf(path) === watch.path);
}

function excludes({ path: watched, excludes: patterns }: Watch, path: string): boolean {
  const relative = posix.relative(watched, path);
  return patterns.some((pattern) =>
    pattern.startsWith('/')
      ? path === pattern || isBelow(path, pattern)
      : posix.matchesGlob(relative, pattern) || posix.matchesGlob(relative, `${pattern}/**`),
  );
}
