import { posix } from 'node:path';
import * as vscode from 'vscode';
import type { RemoteEntry, TransferResult } from '../../client/transfer.ts';
import { pickFolder } from '../pick-remote.ts';
import { entriesOf, urisOf } from './arguments.ts';
import type { Parts } from './commands.ts';

/** In the palette; asks for what it is not given: the files and folders (a URI or several), the target folder. */
export async function upload(
  parts: Parts,
  files?: unknown,
  folder?: unknown,
): Promise<TransferResult | undefined> {
  const given = urisOf(files);
  const chosen = given.length > 0 ? given : await pickLocal();
  if (chosen.length === 0) return undefined;
  return uploadTo(parts, chosen, typeof folder === 'string' ? folder : undefined);
}

/** In the context menu of VS Code's explorer. */
export async function uploadResources(
  parts: Parts,
  clicked: unknown,
  selection: unknown,
): Promise<TransferResult | undefined> {
  const chosen = urisOf(clicked, selection);
  return chosen.length > 0 ? uploadTo(parts, chosen) : upload(parts);
}

/** In the tree: into the folder, or beside the file, that was clicked. */
export async function uploadHere(parts: Parts, clicked: unknown): Promise<TransferResult | undefined> {
  const folder = folderFor(entriesOf(clicked, undefined, parts.tree));
  const chosen = await pickLocal();
  return chosen.length > 0 ? uploadTo(parts, chosen, folder) : undefined;
}

/** The folder that something is put in when this is selected. */
export function folderFor([entry]: readonly RemoteEntry[]): string {
  if (entry === undefined) return '/';
  return entry.kind === 'directory' ? entry.path : posix.dirname(entry.path);
}

async function uploadTo(
  { servers, transfers }: Parts,
  uris: readonly vscode.Uri[],
  target?: string,
): Promise<TransferResult | undefined> {
  const elsewhere = uris.find(({ scheme }) => scheme !== 'file');
  if (elsewhere !== undefined) {
    throw new Error(
      vscode.l10n.t(
        '{0} is not on a disk of this machine: save a copy there and upload that.',
        elsewhere.toString(true),
      ),
    );
  }
  const folder =
    target ??
    (await pickFolder(await servers.client(), vscode.l10n.t('Upload'), {
      placeholder: vscode.l10n.t('Choose the folder to upload to'),
      take: (path) => vscode.l10n.t('Upload to {0}', path),
    }));
  if (folder === undefined) return undefined;
  const sources = uris.map(({ fsPath }) => fsPath);
  return transfers.transfer({ direction: 'upload', sources, target: folder });
}

/** Files or folders of this machine. */
async function pickLocal(): Promise<readonly vscode.Uri[]> {
  // The dialogs of Windows and Linux show either files or folders; VS Code's own, and that of macOS, both.
  const either = vscode.env.remoteName === undefined && process.platform !== 'darwin';
  const [files, folders] = [vscode.l10n.t('Files'), vscode.l10n.t('Folders')];
  const kind = either
    ? await vscode.window.showQuickPick([files, folders], {
        title: vscode.l10n.t('Upload'),
        placeHolder: vscode.l10n.t('What to upload'),
      })
    : 'both';
  if (kind === undefined) return [];
  const chosen = await vscode.window.showOpenDialog({
    title: vscode.l10n.t('Upload'),
    openLabel: vscode.l10n.t('Upload'),
    canSelectFiles: kind !== folders,
    canSelectFolders: kind !== files,
    canSelectMany: true,
  });
  return chosen ?? [];
}
