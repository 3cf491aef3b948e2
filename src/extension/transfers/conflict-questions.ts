import * as vscode from 'vscode';
import { formatSize, formatTime } from '../wording.ts';
import type { Existing } from './file-task.ts';
import type { ConflictAnswer, QueuedFile } from './records.ts';
import type { TransferQueue } from './transfer-queue.ts';

interface Answer extends vscode.QuickPickItem {
  readonly choice?: ConflictAnswer;
  readonly forAll?: boolean;
}

/**
 * Asks what happens to existing files, one after the other. A question that is closed without an answer is not lost:
 * the file waits in the Transfers view, and the others go on.
 */
export class ConflictQuestions implements vscode.Disposable {
  readonly #queue: TransferQueue;
  readonly #existing = new Map<string, Existing>();
  #open: vscode.QuickPick<Answer> | undefined;

  constructor(queue: TransferQueue) {
    this.#queue = queue;
  }

  add(file: QueuedFile, existing: Existing): void {
    this.#existing.set(file.id, existing);
    if (this.#open === undefined) this.#ask(file.id);
  }

  /** Asks again about files that wait for an answer: these, or all. */
  askAgain(ids: readonly string[] = []): void {
    const [first] = ids.filter((id) => this.#existing.has(id));
    const id = first ?? this.#next();
    if (id !== undefined && this.#open === undefined) this.#ask(id);
  }

  dispose(): void {
    this.#open?.dispose();
  }

  #next(): string | undefined {
    for (const id of this.#existing.keys()) {
      if (this.#queue.file(id)?.state === 'asking') return id;
      this.#existing.delete(id);
    }
    return undefined;
  }

  #ask(id: string): void {
    const file = this.#queue.file(id);
    const existing = this.#existing.get(id);
    if (file?.state !== 'asking' || existing === undefined) return;
    const pick = vscode.window.createQuickPick<Answer>();
    this.#open = pick;
    pick.title = vscode.l10n.t('"{0}" exists already', file.target);
    pick.placeholder = vscode.l10n.t(
      'Existing: {0}, of {1}. New: {2}, of {3}.',
      formatSize(existing.size),
      formatTime(existing.modified),
      formatSize(file.size),
      formatTime(file.modified),
    );
    pick.ignoreFocusOut = true;
    pick.items = this.#answers(file);
    let answered = false;
    pick.onDidAccept(() => {
      const [{ choice, forAll = false } = {}] = pick.selectedItems;
      if (choice === undefined) return;
      answered = true;
      this.#existing.delete(id);
      this.#queue.answer(id, choice, forAll);
      pick.hide();
    });
    pick.onDidHide(() => {
      this.#open = undefined;
      pick.dispose();
      const next = answered ? this.#next() : undefined;
      if (next !== undefined) this.#ask(next);
    });
    pick.show();
  }

  #answers({ batch }: QueuedFile): Answer[] {
    const one: Answer[] = [
      { label: vscode.l10n.t('Overwrite'), choice: 'overwrite' },
      { label: vscode.l10n.t('Skip'), choice: 'skip' },
      {
        label: vscode.l10n.t('Keep Both'),
        choice: 'keepBoth',
        detail: vscode.l10n.t('The new file gets a number behind its name.'),
      },
      {
        label: vscode.l10n.t('Newer Only'),
        choice: 'newer',
        detail: vscode.l10n.t('The existing file is overwritten if the new one was changed later.'),
      },
    ];
    const isAlone = this.#queue.batch(batch)?.walked === true && this.#queue.files(batch).length === 1;
    if (isAlone) return one;
    return [
      { label: vscode.l10n.t('This file'), kind: vscode.QuickPickItemKind.Separator },
      ...one,
      { label: vscode.l10n.t('All existing files'), kind: vscode.QuickPickItemKind.Separator },
      { label: vscode.l10n.t('Overwrite All'), choice: 'overwrite', forAll: true },
      { label: vscode.l10n.t('Skip All'), choice: 'skip', forAll: true },
      { label: vscode.l10n.t('Keep Both of All'), choice: 'keepBoth', forAll: true },
      { label: vscode.l10n.t('Newer Only of All'), choice: 'newer', forAll: true },
    ];
  }
}
