import * as v from 'valibot';
import * as vscode from 'vscode';
import type { Command } from '../command-runner.ts';
import { confirm } from '../confirm.ts';
import { countFiles } from '../wording.ts';
import type { TransferNode } from './transfer-rows.ts';
import type { Transfers } from './transfers.ts';

const node = v.variant('kind', [
  v.object({ kind: v.literal('batch'), id: v.string() }),
  v.object({ kind: v.literal('file'), id: v.string(), batch: v.string() }),
]);

/** The commands of the Transfers view: for the clicked row, or the selected ones, or all. */
export function transferCommands(
  transfers: Transfers,
  view: vscode.TreeView<TransferNode>,
): Readonly<Record<string, Command>> {
  const { queue, questions } = transfers;

  /** The rows that a command is for: the selection where the clicked one belongs to it, else that one. */
  function chosen(clicked: unknown, selection: unknown) {
    if (!v.is(node, clicked)) return view.selection.filter((one) => v.is(node, one));
    const selected = Array.isArray(selection) ? selection.filter((one) => v.is(node, one)) : [];
    return selected.some(({ id }) => id === clicked.id) ? selected : [clicked];
  }

  /** Batches as a whole, files one by one. */
  function forEach(
    onBatch: (id: string) => void,
    onFiles: (ids: readonly string[]) => void,
  ): (clicked: unknown, selection: unknown) => void {
    return (clicked, selection) => {
      const rows = chosen(clicked, selection);
      for (const { kind, id } of rows) if (kind === 'batch') onBatch(id);
      onFiles(rows.flatMap(({ kind, id }) => (kind === 'file' ? [id] : [])));
    };
  }

  const all = (what: (batch: string) => void) => () => {
    for (const { id } of queue.batches) what(id);
  };

  return {
    'splitftp.transfers.pause': forEach(
      (id) => queue.pauseBatch(id),
      (ids) => queue.pause(ids),
    ),
    'splitftp.transfers.resume': forEach(
      (id) => queue.resumeBatch(id),
      (ids) => queue.resume(ids),
    ),
    'splitftp.transfers.cancel': forEach(
      (id) => queue.cancelBatch(id),
      (ids) => queue.cancel(ids),
    ),
    'splitftp.transfers.retry': forEach(
      (id) => queue.retryBatch(id),
      (ids) => queue.retry(ids),
    ),
    'splitftp.transfers.answer': (clicked) => {
      const [row] = chosen(clicked, undefined);
      if (row?.kind === 'batch') questions.askAgain(queue.filesIn(row.id, 'asking').map(({ id }) => id));
      else questions.askAgain(row === undefined ? [] : [row.id]);
    },
    'splitftp.transfers.remove': (clicked, selection) => {
      for (const row of chosen(clicked, selection)) queue.clear(row.kind === 'batch' ? row.id : row.batch);
    },
    'splitftp.transfers.pauseAll': all((id) => {
      if (queue.batch(id)?.ended === undefined) queue.pauseBatch(id);
    }),
    'splitftp.transfers.resumeAll': all((id) => queue.resumeBatch(id)),
    'splitftp.transfers.cancelAll': async () => {
      const open = queue.batches.filter(({ ended }) => ended === undefined);
      if (open.length === 0) return;
      const question = vscode.l10n.t('Cancel all transfers ({0})?', countFiles(transfers.unfinished));
      const detail = vscode.l10n.t('Files that are done stay where they are. The others can be retried.');
      const isSure = await confirm(question, detail, vscode.l10n.t('Cancel Transfers'));
      if (isSure) for (const { id } of open) queue.cancelBatch(id);
    },
    'splitftp.transfers.retryFailed': all((id) => transfers.retry(id)),
    'splitftp.transfers.clear': all((id) => queue.clear(id)),
  };
}
