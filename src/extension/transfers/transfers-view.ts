import * as vscode from 'vscode';
import { batchItem, decorationOf, fileItem, moreItem, progressItem, type Shown } from './transfer-node.ts';
import { rowsBelow, type TransferNode, topRows } from './transfer-rows.ts';
import { toId, toUri } from './transfer-uri.ts';
import type { Transfers } from './transfers.ts';

/** Milliseconds between two looks at what is new, between two drawings of what moves, and of the same list. */
const interval = { looks: 200, movement: 1000, list: 5000 } as const;

/** Of a row: the buttons that it has, and all that a person sees. */
interface Look {
  readonly buttons: string;
  readonly all: string;
}

/**
 * The queue and its history.
 *
 * VS Code makes a row's buttons anew whenever it draws the row, and draws all rows below one together with it: a click
 * that has begun on one of them is lost then. So rows with buttons are drawn again only when something else than their
 * progress is new. How far they are, is told by what is drawn without them: decorations, a row without buttons below
 * each batch, and the view's title.
 */
export class TransfersView
  implements vscode.TreeDataProvider<TransferNode>, vscode.FileDecorationProvider, vscode.Disposable
{
  readonly view: vscode.TreeView<TransferNode>;
  readonly #transfers: Transfers;
  readonly #changed = new vscode.EventEmitter<TransferNode[] | undefined>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #moved = new vscode.EventEmitter<vscode.Uri[]>();
  readonly onDidChangeFileDecorations = this.#moved.event;
  readonly #subscriptions: vscode.Disposable;
  /** What VS Code has been shown: it knows rows by these very objects. */
  readonly #shown = new Map<string, TransferNode>();
  /** How each of them looks: only what looks another way is drawn again. */
  readonly #looks = new Map<string, Look>();
  /** The rows below each, by its id. */
  readonly #below = new Map<string | undefined, string>();
  /** When each batch was drawn with its list, in milliseconds. */
  readonly #drawn = new Map<string, number>();
  /** What VS Code has been given a decoration for. */
  readonly #decorated = new Set<string>();
  #movementDrawn = 0;
  #looked = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(transfers: Transfers) {
    this.#transfers = transfers;
    this.view = vscode.window.createTreeView('splitftp.transfers', {
      treeDataProvider: this,
      canSelectMany: true,
      showCollapseAll: true,
    });
    this.#subscriptions = vscode.Disposable.from(
      this.view,
      this.#changed,
      this.#moved,
      vscode.window.registerFileDecorationProvider(this),
      { dispose: transfers.onChange(() => this.#soon()) },
    );
    this.#soon();
  }

  getTreeItem(node: TransferNode): vscode.TreeItem {
    const shown = this.#shownNow;
    const { queue } = shown;
    if (node.kind === 'more') return moreItem(node);
    if (node.kind === 'progress') return progressItem(node, shown);
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
      this.#drawn.clear();
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
    return node.kind === 'file' || node.kind === 'progress' ? { kind: 'batch', id: node.batch } : undefined;
  }

  provideFileDecoration(uri: vscode.Uri): vscode.FileDecoration | undefined {
    const id = toId(uri);
    const decoration = id === undefined ? undefined : decorationOf(id, this.#shownNow);
    if (id !== undefined && decoration !== undefined) this.#decorated.add(id);
    return decoration;
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#subscriptions.dispose();
  }

  get #shownNow(): Shown {
    const { queue, runner, isConnected } = this.#transfers;
    return { queue, runner, isConnected };
  }

  /** The first change is shown at once, those that follow it together. */
  #soon(): void {
    const wait = Math.max(0, this.#looked + interval.looks - Date.now());
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#looked = Date.now();
      this.#showChanged();
      this.#showMovement();
    }, wait);
  }

  /** Draws what has come or gone with what it is below, and single rows that look another way. */
  #showChanged(): void {
    if (this.#hasOtherRows()) this.#changed.fire(undefined);
    else this.#draw([...this.#shown.values()].filter((node) => this.#isToBeDrawn(node)));
    const { unfinished } = this.#transfers;
    if (this.view.badge?.value === unfinished) return;
    this.view.badge =
      unfinished === 0
        ? undefined
        : { value: unfinished, tooltip: vscode.l10n.t('Files to be transferred: {0}', unfinished) };
  }

  #isToBeDrawn(node: TransferNode): boolean {
    if (node.kind === 'progress') return false;
    const [before, now] = [this.#looks.get(node.id), this.#lookOf(node)];
    if (before?.buttons !== now.buttons) return true;
    if (before.all === now.all && !this.#hasOtherRows(node)) return false;
    // A batch of many small files would be drawn all the time.
    if (node.kind !== 'batch' || Date.now() >= (this.#drawn.get(node.id) ?? 0) + interval.list) return true;
    this.#soon();
    return false;
  }

  /** Draws how far it is, where no click can be lost by it. */
  #showMovement(): void {
    const { runner, movement } = this.#transfers;
    const isBusy = runner.isBusy;
    if (isBusy && Date.now() < this.#movementDrawn + interval.movement) {
      this.#soon();
      return;
    }
    this.#movementDrawn = Date.now();
    this.view.description = isBusy ? movement : '';
    const rows = [...this.#shown.values()];
    this.#draw(
      rows.filter(
        (node) => node.kind === 'progress' && this.#looks.get(node.id)?.all !== this.#lookOf(node).all,
      ),
    );
    const moving = rows.flatMap(({ id }) => (decorationOf(id, this.#shownNow) === undefined ? [] : [id]));
    const changed = new Set([...this.#decorated, ...moving]);
    // VS Code asks for them again, as they are then.
    this.#decorated.clear();
    if (changed.size > 0) this.#moved.fire([...changed].map(toUri));
  }

  #draw(nodes: TransferNode[]): void {
    for (const node of nodes) {
      this.#looks.set(node.id, this.#lookOf(node));
      if (node.kind === 'batch') this.#drawn.set(node.id, Date.now());
    }
    if (nodes.length > 0) this.#changed.fire(nodes);
  }

  /** Whether VS Code shows other rows there than there are now. */
  #hasOtherRows(parent?: TransferNode): boolean {
    const shown = this.#below.get(parent?.id);
    return shown !== undefined && shown !== namesOf(this.#children(parent));
  }

  #lookOf(node: TransferNode): Look {
    const { label, description, contextValue, iconPath, tooltip, collapsibleState } = this.getTreeItem(node);
    const buttons = JSON.stringify([contextValue, collapsibleState]);
    return { buttons, all: JSON.stringify([buttons, label, description, iconPath, tooltip]) };
  }

  #children(parent?: TransferNode): TransferNode[] {
    const { queue, runner } = this.#transfers;
    if (parent === undefined) return topRows({ queue, runner });
    const batch = parent.kind === 'batch' ? queue.batch(parent.id) : undefined;
    return batch === undefined ? [] : rowsBelow(batch, { queue, runner });
  }
}

function namesOf(nodes: readonly TransferNode[]): string {
  return nodes.map(({ kind, id }) => `${kind} ${id}`).join('\n');
}
