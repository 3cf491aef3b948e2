import * as vscode from 'vscode';
import { Mover } from '../mover.ts';
import { pickFolder } from '../pick-remote.ts';
import { entriesOf } from './arguments.ts';
import type { Parts } from './commands.ts';

/** What dragging inside the tree does, by keyboard; the target folder's path may be given. */
export async function moveEntries(
  { servers, tree, files }: Parts,
  clicked: unknown,
  selection: unknown,
  target?: unknown,
): Promise<void> {
  const paths = entriesOf(clicked, selection, tree).map(({ path }) => path);
  if (paths.length === 0) return;
  const folder =
    typeof target === 'string'
      ? target
      : await pickFolder(await servers.client(), vscode.l10n.t('Move'), {
          placeholder: vscode.l10n.t('Choose the folder to move to'),
          take: (path) => vscode.l10n.t('Move to {0}', path),
        });
  if (folder === undefined) return;
  await new Mover(files, tree.location).move(paths, folder);
}
