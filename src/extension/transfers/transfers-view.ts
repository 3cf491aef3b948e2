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
/** Milliseconds between two looks at what is new, and at what has moved. */
const interval = { records: 200, progress: 1000 } as const;
/**
 * Milliseconds between two drawings of a row that moves. VS Code makes a row's buttons anew when it draws the row, and a
 * click that has begun on one of them is lost: in between, only the view's title tells how far it is.
 */
const rowInterval = 5000;

/** Of a row: the buttons that it has, and all that a person sees. */
interface Look {
  readonly state: string;
  readonly all: string;
}

/** The queue and its history. */
export class TransfersView implements vscode.TreeDataProvider<TransferNode>, vscode.Disposable {
  readonly view: vscode.TreeView<TransferNode>;
  readonly #transfers: Transfers;
  readonly #changed = new vscode.EventEmitter<TransferNode[] | undefined>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #forget: () => void;
  /** What VS Code has been shown: it knows rows by these very objects. */
  readonly #shown = new Map<string, TransferNode>();
  /** How each of them looks: only what looks another way is drawn again. */
  readonly #looks = new Map<string, Look>();
  /** The rows below each, by its id. */
  readonly #below = new Map<string | undefined, string>();
  #movingDrawn = 0;
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
    if (parent === undefined) {
      this.#shown.clear();
      this.#looks.clear();
      this.#below.clear();
    }
    const nodes = this.#children(parent);
    for (const node of nodes) {
      this.#shown.set(node.id, node);
      this.#looks.set(node.id, this.#lookOf(node));
    }
    this.#below.set(parent?.id, namesOf(nodes));
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
      this.#tellMovement();
      if (change === 'records') this.#showChanged();
      else if (Date.now() - this.#movingDrawn >= rowInterval) {
        this.#movingDrawn = Date.now();
        this.#draw(this.#moving().filter((node) => this.#looks.get(node.id)?.all !== this.#lookOf(node).all));
      }
    };
    this.#timers.set(change, setTimeout(refresh, interval[change]));
  }

  #moving(): TransferNode[] {
    const { queue } = this.#transfers;
    return [...this.#shown.values()].filter(({ kind, id }) =>
      kind === 'batch' ? queue.totals(id).count('running') > 0 : queue.file(id)?.state === 'running',
    );
  }

  /** Draws what has come or gone with what it is below, and single rows that look another way. */
  #showChanged(): void {
    if (this.#hasOtherRows()) this.#changed.fire(undefined);
    else {
      const moving = new Set(this.#moving());
      const changed = [...this.#shown.values()].filter((node) => {
        const [before, now] = [this.#looks.get(node.id), this.#lookOf(node)];
        const isOther = before?.state !== now.state || (!moving.has(node) && before?.all !== now.all);
        return isOther || this.#hasOtherRows(node);
      });
      // How fast it is shows within a second.
      if (changed.some((node) => moving.has(node))) this.#movingDrawn = Date.now() - rowInterval + 1000;
      this.#draw(changed);
    }
    const unfinished = this.#transfers.unfinished;
    this.view.badge =
      unfinished === 0
        ? undefined
        : { value: unfinished, tooltip: vscode.l10n.t('Files to be transferred: {0}', unfinished) };
  }

  #draw(nodes: TransferNode[]): void {
    for (const node of nodes) this.#looks.set(node.id, this.#lookOf(node));
    if (nodes.length > 0) this.#changed.fire(nodes);
  }

  /** Whether VS Code shows other rows there than there are now. */
  #hasOtherRows(parent?: TransferNode): boolean {
    const shown = this.#below.get(parent?.id);
    return shown !== undefined && shown !== namesOf(this.#children(parent));
  }

  #lookOf(node: TransferNode): Look {
    const { label, description, contextValue, iconPath, tooltip, collapsibleState } = this.getTreeItem(node);
    const state = JSON.stringify([contextValue, collapsibleState]);
    return { state, all: JSON.stringify([state, label, description, iconPath, tooltip]) };
  }

  #tellMovement(): void {
    const { runner, movement } = this.#transfers;
    this.view.description = runner.isBusy ? movement : '';
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

function namesOf(nodes: readonly TransferNode[]): string {
  return nodes.map(({ kind, id }) => `${kind} ${id}`).join('\n');
}
