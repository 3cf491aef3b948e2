import { posix } from 'node:path';
import * as vscode from 'vscode';
import { entriesOf } from './arguments.ts';
import type { Parts } from './commands.ts';
import { nameProblem } from './name.ts';

export async function rename({ tree, files }: Parts, clicked: unknown): Promise<void> {
  const [entry] = entriesOf(clicked, undefined, tree);
  if (entry === undefined) return;
  const dot = entry.kind === 'file' ? entry.name.lastIndexOf('.') : -1;
  const name = await vscode.window.showInputBox({
    title: vscode.l10n.t('Rename {0}', entry.path),
    prompt: vscode.l10n.t('New name'),
    value: entry.name,
    valueSelection: [0, dot > 0 ? dot : entry.name.length],
    validateInput: nameProblem,
  });
  if (name === undefined || name === entry.name) return;
  const target = posix.join(posix.dirname(entry.path), name);
  await files.rename(entry.path, target, { overwrite: false });
  await tree.reveal(target);
}
