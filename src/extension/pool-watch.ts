import * as vscode from 'vscode';
import type { StatusReport } from '../site/reports.ts';
import type { Servers } from './servers.ts';

/** Milliseconds between two questions to the coordinator while somebody looks. */
const pause = 3_000;

/** Asks the coordinator about the pool, over and over while somebody looks, and not otherwise. */
export class PoolWatch implements vscode.Disposable {
  readonly #servers: Servers;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscription: vscode.Disposable;
  readonly #watchers = new Set<object>();
  readonly onDidChange = this.#changed.event;
  #reports: readonly StatusReport[] = [];
  #problem: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #asking = false;
  #disposed = false;

  constructor(servers: Servers) {
    this.#servers = servers;
    this.#subscription = servers.onDidChangeState(() => {
      this.#reports = [];
      this.#problem = undefined;
      this.#changed.fire();
      this.look();
    });
  }

  /** The latest; empty while the servers do not run. */
  get reports(): readonly StatusReport[] {
    return this.#reports;
  }

  /** Why there are none though the servers run. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Asks until it is disposed. */
  watch(): vscode.Disposable {
    const watcher = {};
    this.#watchers.add(watcher);
    this.look();
    return { dispose: () => this.#watchers.delete(watcher) };
  }

  /** Asks now. */
  look(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    void this.#ask();
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#timer);
    vscode.Disposable.from(this.#subscription, this.#changed).dispose();
  }

  async #ask(): Promise<void> {
    if (this.#disposed || this.#asking || this.#watchers.size === 0) return;
    if (this.#servers.state.kind !== 'running') return;
    this.#asking = true;
    try {
      const client = await this.#servers.client();
      this.#reports = await client.status();
      this.#problem = undefined;
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error);
    } finally {
      this.#asking = false;
    }
    if (this.#disposed) return;
    this.#changed.fire();
    this.#timer ??= setTimeout(() => this.look(), pause);
  }
}
