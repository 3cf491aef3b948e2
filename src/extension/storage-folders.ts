/** The folders of the bundled storage servers of this machine, as the settings name them. */
import { isAbsolute, join } from 'node:path';
import * as vscode from 'vscode';

/** By number, from 1: the place in the list is the number, so that of a removed server stays, empty. */
export function storageFolders(context: vscode.ExtensionContext): readonly string[] {
  const chosen = vscode.workspace.getConfiguration('splitftp').get<string[]>('storageFolders', []);
  const data = context.globalStorageUri.fsPath;
  return chosen.length > 0 ? chosen : [1, 2, 3].map((number) => join(data, `storage_folder${number}`));
}

/** The others keep their numbers. */
export function withoutFolder(folders: readonly string[], number: number): string[] {
  const left = folders.map((folder, index) => (index + 1 === number ? '' : folder));
  return left.slice(0, left.findLastIndex((folder) => folder !== '') + 1);
}

export function folderProblems(folders: readonly string[]): string[] {
  const used = folders.filter((folder) => folder !== '');
  return [
    ...used
      .filter((folder) => !isAbsolute(folder))
      .map((folder) => vscode.l10n.t('splitftp.storageFolders holds "{0}": write an absolute path', folder)),
    ...(new Set(used).size < used.length
      ? [
          vscode.l10n.t(
            'splitftp.storageFolders names a folder twice: give each storage server a folder of its own',
          ),
        ]
      : []),
  ];
}
