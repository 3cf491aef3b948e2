import * as vscode from 'vscode';
import type { StatusReport } from '../../site/reports.ts';
import type { StoredFiles } from '../file-system/stored-files.ts';
import { toPath, toUri } from '../file-system/stored-uri.ts';
import type { Servers } from '../servers.ts';
import { type FileHealth, healthOf } from './file-health.ts';
import { describeHealth } from './health-words.ts';
import { noTrouble, type PoolTrouble, troubleOf } from './pool-trouble.ts';

/** Milliseconds between two questions to the coordinator, while a window shows files. */
const pause = 10_000;

const appearances = {
  degraded: { badge: '!', color: 'list.warningForeground' },
  unavailable: { badge: '?', color: 'list.errorForeground' },
  lost: { badge: '×', color: 'list.errorForeground' },
} as const;

/**
 * The health of the files that are shown. The coordinator is asked about the pool as a whole, and about single files
 * only when something is wrong, and then only about those on the screen.
 */
export class HealthOfFiles implements vscode.FileDecorationProvider, vscode.Disposable {
  readonly #servers: Servers;
  readonly #log: vscode.LogOutputChannel;
  /** By path, of the files that VS Code has asked for since the last look. */
  #known = new Map<string, FileHealth | undefined>();
  /** The same before that look. */
  #before: ReadonlyMap<string, FileHealth | undefined> = new Map();
  readonly #redecorate = new vscode.EventEmitter<vscode.Uri[] | undefined>();
  readonly #changed = new vscode.EventEmitter<readonly string[]>();
  readonly #subscriptions: vscode.Disposable;
  readonly onDidChangeFileDecorations = this.#redecorate.event;
  /** Paths whose health is another than before. */
  readonly onDidChange = this.#changed.event;
  readonly #looked = new vscode.EventEmitter<PoolTrouble>();
  #trouble = noTrouble;
  /** What is wrong with the pool as a whole, each time it was looked at. */
  readonly onDidLook = this.#looked.event;
  #hasTrouble = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(servers: Servers, files: StoredFiles, log: vscode.LogOutputChannel) {
    this.#servers = servers;
    this.#log = log;
    this.#subscriptions = vscode.Disposable.from(
      this.#redecorate,
      this.#changed,
      this.#looked,
      vscode.window.registerFileDecorationProvider(this),
      servers.onDidChangeState(() => this.#schedule(0)),
      files.onDidChange((changes) => this.#forget(changes.map(({ path }) => path))),
    );
    this.#schedule(0);
  }

  /** Of a file that is shown; undefined where it is whole, or not known yet. */
  known(path: string): FileHealth | undefined {
    return this.#known.get(path) ?? this.#before.get(path);
  }

  /** With the pool as a whole, when it was looked at last. */
  get trouble(): PoolTrouble {
    return this.#trouble;
  }

  async provideFileDecoration(uri: vscode.Uri): Promise<vscode.FileDecoration | undefined> {
    if (uri.scheme !== 'splitftp' || !this.#hasTrouble) return undefined;
    const health = await this.#ask(toPath(uri));
    if (health === undefined || health.state === 'whole') return undefined;
    const { badge, color } = appearances[health.state];
    return new vscode.FileDecoration(badge, describeHealth(health), new vscode.ThemeColor(color));
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#subscriptions.dispose();
  }

  /** Asks the coordinator how the pool is; files that are shown are looked at again when something is wrong. */
  async look(): Promise<void> {
    if (this.#servers.state.kind !== 'running') return;
    const client = await this.#servers.client();
    const hadTrouble = this.#hasTrouble;
    const reports = await client.status();
    this.#hasTrouble = reports.some(isTrouble);
    this.#trouble = troubleOf(reports);
    this.#looked.fire(this.#trouble);
    if (!hadTrouble && !this.#hasTrouble) return;
    this.#before = this.#known;
    this.#known = new Map();
    // VS Code asks for those that it shows.
    this.#redecorate.fire(hadTrouble ? [...this.#before.keys()].map(toUri) : undefined);
    if (!this.#hasTrouble) this.#settle([...this.#before.keys()]);
  }

  #schedule(delay: number): void {
    clearTimeout(this.#timer);
    if (this.#servers.state.kind !== 'running') return;
    this.#timer = setTimeout(async () => {
      try {
        await this.look();
      } catch (error) {
        // The servers may stop while they are asked.
        if (this.#servers.state.kind === 'running') this.#log.warn(`Health of the files: ${String(error)}`);
      }
      this.#schedule(vscode.window.state.focused ? pause : 6 * pause);
    }, delay);
  }

  async #ask(path: string): Promise<FileHealth | undefined> {
    if (this.#known.has(path)) return this.#known.get(path);
    if (this.#servers.state.kind !== 'running') return undefined;
    const client = await this.#servers.client();
    // A folder, or a file that has gone meanwhile: nothing is to be shown.
    const health = await client.where(path).then(healthOf, () => undefined);
    this.#known.set(path, health);
    if (describe(this.#before.get(path)) !== describe(health)) this.#changed.fire([path]);
    return health;
  }

  /** All is well again. */
  #settle(paths: readonly string[]): void {
    const wereNot = paths.filter((path) => describe(this.#before.get(path)) !== undefined);
    this.#before = new Map();
    if (wereNot.length > 0) this.#changed.fire(wereNot);
  }

  #forget(paths: readonly string[]): void {
    const shown = paths.filter((path) => this.#known.delete(path));
    if (shown.length > 0) this.#redecorate.fire(shown.map(toUri));
  }
}

function describe(health: FileHealth | undefined): string | undefined {
  return health && describeHealth(health);
}

function isTrouble(report: StatusReport): boolean {
  if (report.kind === 'storage server') return report.state === 'down' || report.missing > 0;
  const { health } = report;
  return health !== undefined && health.degraded + health.unavailable + health.lost > 0;
}
