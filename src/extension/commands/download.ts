import * as vscode from 'vscode';
import type { TransferResult } from '../../client/transfer.ts';
import { pickEntries } from '../pick-remote.ts';
import { entriesOf } from './arguments.ts';
import type { Parts } from './commands.ts';

/** In the palette; asks for what it is not given: the stored paths (one or several), the local folder's URI. */
export async function download(
  parts: Parts,
  paths?: unknown,
  folder?: unknown,
): Promise<TransferResult | undefined> {
  const given = [paths].flat().filter((path) => typeof path === 'string');
  const chosen =
    given.length > 0 ? given : await pickEntries(await parts.servers.client(), vscode.l10n.t('Download'));
  if (chosen === undefined || chosen.length === 0) return undefined;
  return downloadTo(parts, chosen, folder instanceof vscode.Uri ? folder : undefined);
}

/** In the tree. */
export async function downloadEntries(
  parts: Parts,
  clicked: unknown,
  selection: unknown,
): Promise<TransferResult | undefined> {
  const paths = entriesOf(clicked, selection, parts.tree).map(({ path }) => path);
  return paths.length > 0 ? downloadTo(parts, paths) : download(parts);
}

async function downloadTo(
  { transfers }: Parts,
  paths: readonly string[],
  target?: vscode.Uri,
): Promise<TransferResult | undefined> {
  const folder = target ?? (await pickLocalFolder());
  if (folder === undefined) return undefined;
  if (folder.scheme !== 'file')
    throw new Error(vscode.l10n.t('{0} is not a folder on a disk of this machine.', folder.toString(true)));
  return transfers.transfer({ direction: 'download', sources: [...paths], target: folder.fsPath });
}

async function pickLocalFolder(): Promise<vscode.Uri | undefined> {
  const workspace = vscode.workspace.workspaceFolders?.[0]?.uri;
  const [folder] =
    (await vscode.window.showOpenDialog({
      title: vscode.l10n.t('Download to Folder'),
      openLabel: vscode.l10n.t('Download Here'),
      canSelectFiles: false,
      canSelectFolders: true,
      ...(workspace === undefined ? {} : { defaultUri: workspace }),
    })) ?? [];
  return folder;
}
