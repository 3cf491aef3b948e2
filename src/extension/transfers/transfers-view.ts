import * as vscode from 'vscode';
import type { FileState } from './records.ts';
import { batchItem, fileItem, moreItem, type Shown, type TransferNode } from './transfer-node.ts';
import type { Change } from './transfer-queue.ts';
import type { Transfers } from './transfers.ts';

/** Rows below one batch at most: what needs somebody first. */
const rows = 200;
const order: readonly FileState[] = [
  'asking',
  'failed',
  'running',
  'paused',
  'waiting',
  'skipped',
  'canceled',
  'done',
];
/** Milliseconds between two looks at what is new, and at what has moved: a row that is drawn loses a click on it. */
const interval = { records: 200, progress: 1500 } as const;

/** The queue and its history. */
export class TransfersView implements vscode.TreeDataProvider<TransferNode>, vscode.Disposable {
  readonly view: vscode.TreeView<TransferNode>;
  readonly #transfers: Transfers;
  readonly #changed = new vscode.EventEmitter<TransferNode[] | undefined>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #forget: () => void;
  /** What VS Code has been shown: it knows rows by these very objects. */
  readonly #shown = new Map<string, TransferNode>();
  readonly #timers = new Map<Change, NodeJS.Timeout>();

  constructor(transfers: Transfers) {
    this.#transfers = transfers;
    this.view = vscode.window.createTreeView('splitftp.transfers', {
      treeDataProvider: this,
      canSelectMany: true,
      showCollapseAll: true,
    });
    this.#forget = transfers.onChange((change) => this.#soon(change));
    this.#soon('records');
  }

  getTreeItem(node: TransferNode): vscode.TreeItem {
    const { queue, runner, isConnected } = this.#transfers;
    const shown: Shown = { queue, runner, isConnected };
    if (node.kind === 'more') return moreItem(node);
    const batch = queue.batch(node.kind === 'batch' ? node.id : node.batch);
    if (batch !== undefined && node.kind === 'batch') return batchItem(batch, shown);
    const file = queue.file(node.id);
    // It was forgotten between two looks.
    if (batch === undefined || file === undefined) return new vscode.TreeItem('');
    return fileItem(file, batch, shown);
  }

  getChildren(parent?: TransferNode): TransferNode[] {
    if (parent === undefined) this.#shown.clear();
    const nodes = this.#children(parent);
    for (const node of nodes) this.#shown.set(node.id, node);
    return nodes;
  }

  getParent(node: TransferNode): TransferNode | undefined {
    return node.kind === 'file' ? { kind: 'batch', id: node.batch } : undefined;
  }

  dispose(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#forget();
    vscode.Disposable.from(this.view, this.#changed).dispose();
  }

  #soon(change: Change): void {
    if (this.#timers.has(change)) return;
    const refresh = () => {
      this.#timers.delete(change);
      if (change === 'progress') this.#changed.fire(this.#moving());
      else this.#showAll();
    };
    this.#timers.set(change, setTimeout(refresh, interval[change]));
  }

  #moving(): TransferNode[] {
    const { queue } = this.#transfers;
    return [...this.#shown.values()].filter(({ kind, id }) =>
      kind === 'batch' ? queue.totals(id).count('running') > 0 : queue.file(id)?.state === 'running',
    );
  }

  #showAll(): void {
    this.#changed.fire(undefined);
    const unfinished = this.#transfers.unfinished;
    this.view.badge =
      unfinished === 0
        ? undefined
        : { value: unfinished, tooltip: vscode.l10n.t('Files to be transferred: {0}', unfinished) };
  }

  #children(parent?: TransferNode): TransferNode[] {
    const { queue } = this.#transfers;
    if (parent === undefined) {
      const open = queue.batches.filter(({ ended }) => ended === undefined);
      const over = queue.batches
        .filter(({ ended }) => ended !== undefined)
        .toSorted((a, b) => (b.ended ?? 0) - (a.ended ?? 0));
      return [...open, ...over].map((batch) => {
        const [first, ...others] = queue.totals(batch.id).files <= 1 ? queue.files(batch.id) : [];
        const isOneFile = first !== undefined && others.length === 0 && batch.walked && !batch.settledFiles;
        return isOneFile ? { kind: 'file', id: first.id, batch: batch.id } : { kind: 'batch', id: batch.id };
      });
    }
    if (parent.kind !== 'batch') return [];
    const files = queue.files(parent.id);
    const first = order.flatMap((state) => files.filter((file) => file.state === state)).slice(0, rows);
    const nodes = first.map(({ id }): TransferNode => ({ kind: 'file', id, batch: parent.id }));
    const count = files.length - first.length;
    return count === 0 ? nodes : [...nodes, { kind: 'more', id: `${parent.id} more`, count }];
  }
}
