import { join, posix } from 'node:path';
import * as vscode from 'vscode';
import type { TransferResult } from '../../client/transfer.ts';
import { pickEntries } from '../pick-remote.ts';
import { runBatch } from '../transfer-progress.ts';
import { entriesOf } from './arguments.ts';
import type { Parts } from './commands.ts';

/** In the palette; asks for what it is not given: the stored paths (one or several), the local folder's URI. */
export async function download(
  parts: Parts,
  paths?: unknown,
  folder?: unknown,
): Promise<TransferResult | undefined> {
  const given = [paths].flat().filter((path) => typeof path === 'string');
  const chosen = given.length > 0 ? given : await pickEntries(await parts.servers.client(), 'Download');
  if (chosen === undefined || chosen.length === 0) return undefined;
  return downloadTo(parts, chosen, folder instanceof vscode.Uri ? folder : undefined);
}

/** In the tree. */
export async function downloadEntries(
  parts: Parts,
  clicked: unknown,
  selection: unknown,
): Promise<TransferResult | undefined> {
  const paths = entriesOf(clicked, selection, parts.tree.view).map(({ path }) => path);
  return paths.length > 0 ? downloadTo(parts, paths) : download(parts);
}

async function downloadTo(
  { servers, log }: Parts,
  paths: readonly string[],
  target?: vscode.Uri,
): Promise<TransferResult | undefined> {
  const folder = target ?? (await pickLocalFolder());
  if (folder === undefined) return undefined;
  if (folder.scheme !== 'file')
    throw new Error(`${folder.toString(true)} is not a folder on a disk of this machine.`);
  const client = await servers.client();
  const result = vscode.Uri.file(join(folder.fsPath, posix.basename(paths[0] ?? '')));
  const batch = {
    title: `Downloading to ${folder.fsPath}`,
    done: `downloaded to ${folder.fsPath}`,
    transfer: client.download.bind(client, paths, folder.fsPath),
    targetOf: (source: string) => {
      const root = paths.find((path) => source === path || source.startsWith(`${path}/`)) ?? source;
      return join(folder.fsPath, ...posix.relative(posix.dirname(root), source).split('/'));
    },
    ...revealing(result),
  };
  return runBatch(batch, log);
}

async function pickLocalFolder(): Promise<vscode.Uri | undefined> {
  const workspace = vscode.workspace.workspaceFolders?.[0]?.uri;
  const [folder] =
    (await vscode.window.showOpenDialog({
      title: 'Download to Folder',
      openLabel: 'Download Here',
      canSelectFiles: false,
      canSelectFolders: true,
      ...(workspace === undefined ? {} : { defaultUri: workspace }),
    })) ?? [];
  return folder;
}

/** In the explorer where it is part of the workspace, else in the machine's own file manager, if one is at hand. */
function revealing(result: vscode.Uri) {
  const command =
    vscode.workspace.getWorkspaceFolder(result) !== undefined
      ? 'revealInExplorer'
      : vscode.env.remoteName === undefined
        ? 'revealFileInOS'
        : undefined;
  if (command === undefined) return {};
  const show = async () => {
    await vscode.commands.executeCommand(command, result);
  };
  return { reveal: { title: 'Reveal', show } };
}
