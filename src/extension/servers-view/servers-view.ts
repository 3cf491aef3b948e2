import * as vscode from 'vscode';
import type { PoolWatch } from '../pool-watch.ts';
import type { Servers } from '../servers.ts';
import { itemOf, nodesOf, type ServerNode } from './server-node.ts';

/** The coordinator, its storage servers, and what its upkeep is doing. */
export class ServersView implements vscode.TreeDataProvider<ServerNode>, vscode.Disposable {
  readonly view: vscode.TreeView<ServerNode>;
  readonly #servers: Servers;
  readonly #watch: PoolWatch;
  readonly #changed = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #subscriptions: vscode.Disposable;
  #watching: vscode.Disposable | undefined;
  /** What a person was shown last. */
  #shown: string | undefined;

  constructor(servers: Servers, watch: PoolWatch) {
    this.#servers = servers;
    this.#watch = watch;
    this.view = vscode.window.createTreeView('splitftp.servers', { treeDataProvider: this });
    this.#subscriptions = vscode.Disposable.from(
      this.view,
      this.#changed,
      watch.onDidChange(() => this.#show()),
      servers.onDidChangeState(() => this.#show()),
      this.view.onDidChangeVisibility(({ visible }) => this.#look(visible)),
    );
    this.#look(this.view.visible);
  }

  getTreeItem(node: ServerNode): vscode.TreeItem {
    return itemOf(node);
  }

  getChildren(parent?: ServerNode): ServerNode[] {
    if (parent !== undefined || this.#servers.state.kind !== 'running') return [];
    this.view.message = this.#watch.problem ?? '';
    return nodesOf(this.#servers.state, this.#watch.reports);
  }

  getParent(): undefined {
    return undefined;
  }

  dispose(): void {
    this.#watching?.dispose();
    this.#subscriptions.dispose();
  }

  /**
   * Draws the rows when they look another way: a menu that is open on one of them is closed by that, and a click that has
   * begun is lost.
   */
  #show(): void {
    const { state } = this.#servers;
    const rows = state.kind === 'running' ? nodesOf(state, this.#watch.reports).map(itemOf) : [];
    const shown = JSON.stringify([state.kind, rows, this.#watch.problem]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#changed.fire(undefined);
  }

  #look(visible: boolean): void {
    this.#watching?.dispose();
    this.#watching = visible ? this.#watch.watch() : undefined;
  }
}
