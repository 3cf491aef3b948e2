import * as vscode from 'vscode';
import { outermost } from '../mover.ts';
import { entriesOf } from './arguments.ts';
import type { Parts } from './commands.ts';

export async function deleteEntries(
  { tree, files }: Parts,
  clicked: unknown,
  selection: unknown,
): Promise<void> {
  const entries = entriesOf(clicked, selection, tree.view);
  const [first] = entries;
  if (first === undefined) return;
  const what = entries.length === 1 ? `"${first.name}"` : `${entries.length} files and folders`;
  const withFolders = entries.some(({ kind }) => kind === 'directory');
  const answer = await vscode.window.showWarningMessage(
    `Delete ${what} from all storage servers?`,
    {
      modal: true,
      detail: `${withFolders ? 'Folders go with all that is in them. ' : ''}This cannot be undone.`,
    },
    'Delete',
  );
  if (answer !== 'Delete') return;
  await vscode.window.withProgress({ location: { viewId: 'splitftp.files' } }, async () => {
    for (const path of outermost(entries.map(({ path }) => path))) {
      await files.remove(path, { recursive: true });
    }
  });
}
