import { posix } from 'node:path';
import * as vscode from 'vscode';
import { toUri } from '../file-system/stored-uri.ts';
import { entriesOf } from './arguments.ts';
import type { Parts } from './commands.ts';
import { nameProblem } from './name.ts';
import { folderFor } from './upload.ts';

export async function newFile({ tree, files }: Parts, clicked: unknown): Promise<void> {
  const folder = folderFor(entriesOf(clicked, undefined, tree));
  const name = await vscode.window.showInputBox({
    title: vscode.l10n.t('New File in {0}', folder),
    prompt: vscode.l10n.t('Name of the file'),
    validateInput: nameProblem,
  });
  if (name === undefined) return;
  const path = posix.join(folder, name);
  await files.write(path, new Uint8Array(), { create: true, overwrite: false });
  await vscode.commands.executeCommand('vscode.open', toUri(path));
}
