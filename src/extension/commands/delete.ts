import { posix } from 'node:path';
import * as vscode from 'vscode';
import { entriesOf } from './arguments.ts';
import type { Parts } from './commands.ts';

export async function deleteEntries(
  { servers, tree }: Parts,
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
  const client = await servers.client();
  const options = { location: { viewId: 'splitftp.files' } };
  try {
    await vscode.window.withProgress(options, async () => {
      for (const path of outermost(entries.map(({ path }) => path))) await client.remove(path);
    });
  } finally {
    for (const folder of new Set(entries.map(({ path }) => posix.dirname(path)))) tree.refresh(folder);
  }
}

/** Without those that go with a selected folder. */
function outermost(paths: readonly string[]): string[] {
  return paths.filter((path) => !paths.some((other) => path.startsWith(`${other}/`)));
}
