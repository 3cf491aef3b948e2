import * as vscode from 'vscode';
import { confirm } from '../confirm.ts';
import { outermost } from '../mover.ts';
import { entriesOf } from './arguments.ts';
import type { Parts } from './commands.ts';

export async function deleteEntries(
  { tree, files }: Parts,
  clicked: unknown,
  selection: unknown,
): Promise<void> {
  const entries = entriesOf(clicked, selection, tree);
  const [first] = entries;
  if (first === undefined) return;
  const withFolders = entries.some(({ kind }) => kind === 'directory');
  const remove = await confirm(
    entries.length === 1
      ? vscode.l10n.t('Delete "{0}" from all storage servers?', first.name)
      : vscode.l10n.t('Delete {0} files and folders from all storage servers?', entries.length),
    withFolders
      ? vscode.l10n.t('Folders go with all that is in them. This cannot be undone.')
      : vscode.l10n.t('This cannot be undone.'),
    vscode.l10n.t('Delete'),
  );
  if (!remove) return;
  await vscode.window.withProgress({ location: tree.location }, async () => {
    for (const path of outermost(entries.map(({ path }) => path))) {
      await files.remove(path, { recursive: true });
    }
  });
}
