import { posix } from 'node:path';
import * as vscode from 'vscode';
import { entriesOf } from './arguments.ts';
import type { Parts } from './commands.ts';
import { nameProblem } from './name.ts';
import { folderFor } from './upload.ts';

export async function newFolder({ tree, files }: Parts, clicked: unknown): Promise<void> {
  const folder = folderFor(entriesOf(clicked, undefined, tree));
  const name = await vscode.window.showInputBox({
    title: vscode.l10n.t('New Folder in {0}', folder),
    prompt: vscode.l10n.t('Name of the folder'),
    validateInput: nameProblem,
  });
  if (name === undefined) return;
  const path = posix.join(folder, name);
  await files.makeDirectory(path);
  await tree.reveal(path);
}
