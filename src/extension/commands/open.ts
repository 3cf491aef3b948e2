import { basename, posix } from 'node:path';
import * as vscode from 'vscode';
import { scheme, toUri } from '../file-system/stored-uri.ts';
import { pickFile, pickFolder } from '../pick-remote.ts';
import { entriesOf } from './arguments.ts';
import type { Parts } from './commands.ts';

/** In the tree: each file in an editor of its own. */
export async function openFiles({ tree }: Parts, clicked: unknown, selection: unknown): Promise<void> {
  const files = entriesOf(clicked, selection, tree).filter(({ kind }) => kind === 'file');
  for (const { path } of files) {
    await vscode.commands.executeCommand('vscode.open', toUri(path), { preview: files.length === 1 });
  }
}

/** Mounts the pool, or a folder of it (a path), as a folder of the workspace. */
export async function openInWorkspace(parts: Parts, clicked: unknown): Promise<void> {
  const path = typeof clicked === 'string' ? clicked : await folderToOpen(parts, clicked);
  if (path === undefined) return;
  const uri = toUri(path);
  const folders = vscode.workspace.workspaceFolders ?? [];
  if (folders.some((folder) => folder.uri.toString() === uri.toString())) {
    await vscode.commands.executeCommand('revealInExplorer', uri);
    return;
  }
  const { kind } = await parts.files.stat(path);
  if (kind !== 'directory')
    throw new Error(vscode.l10n.t('{0} is a file: open the folder that it is in.', path));
  const name = path === '/' ? 'SplitFTP' : `${posix.basename(path)} (SplitFTP)`;
  if (!vscode.workspace.updateWorkspaceFolders(folders.length, 0, { uri, name })) {
    throw new Error(vscode.l10n.t('VS Code did not take the folder into the workspace.'));
  }
}

async function folderToOpen({ servers, tree }: Parts, clicked: unknown): Promise<string | undefined> {
  const [entry] = clicked === undefined ? [] : entriesOf(clicked, undefined, tree);
  if (entry?.kind === 'directory') return entry.path;
  return pickFolder(await servers.client(), vscode.l10n.t('Open in Workspace'), {
    placeholder: vscode.l10n.t('Choose the folder to open'),
    take: (folder) => vscode.l10n.t('Open {0}', folder),
  });
}

/** The tree's side of a comparison: what is stored is on the left, since it is the older one as a rule. */
export async function compareWithLocalFile(
  { tree }: Parts,
  clicked: unknown,
  _selection?: unknown,
  local?: unknown,
): Promise<void> {
  const [entry] = entriesOf(clicked, undefined, tree);
  if (entry?.kind !== 'file') throw new Error(vscode.l10n.t('Choose a stored file to compare.'));
  const [chosen] =
    local instanceof vscode.Uri
      ? [local]
      : ((await vscode.window.showOpenDialog({
          title: vscode.l10n.t('Compare {0} with', entry.path),
          openLabel: vscode.l10n.t('Compare'),
          canSelectMany: false,
        })) ?? []);
  if (chosen !== undefined) await showDifference(toUri(entry.path), chosen);
}

/** The explorer's side: with the stored file of the same path or name, or with one that is chosen. */
export async function compareWithStoredFile(parts: Parts, clicked: unknown): Promise<void> {
  const local = clicked instanceof vscode.Uri ? clicked : vscode.window.activeTextEditor?.document.uri;
  if (local === undefined || local.scheme === scheme) {
    throw new Error(vscode.l10n.t('Open or choose a local file to compare with a stored one.'));
  }
  const stored = (await counterpart(parts, local)) ?? (await chooseFile(parts));
  if (stored !== undefined) await showDifference(toUri(stored), local);
}

export async function compareSelected({ tree }: Parts, clicked: unknown, selection: unknown): Promise<void> {
  const [first, second] = entriesOf(clicked, selection, tree).filter(({ kind }) => kind === 'file');
  if (first === undefined || second === undefined)
    throw new Error(vscode.l10n.t('Select two stored files to compare.'));
  await showDifference(toUri(first.path), toUri(second.path));
}

async function counterpart({ files }: Parts, local: vscode.Uri): Promise<string | undefined> {
  const candidates = [vscode.workspace.asRelativePath(local, false), basename(local.path)].map((path) =>
    posix.resolve('/', path),
  );
  for (const path of new Set(candidates)) {
    if ((await files.exists(path)) && (await files.stat(path)).kind === 'file') return path;
  }
  return undefined;
}

async function chooseFile({ servers }: Parts): Promise<string | undefined> {
  return pickFile(
    await servers.client(),
    vscode.l10n.t('Compare with Stored File'),
    vscode.l10n.t('Choose the stored file'),
  );
}

async function showDifference(left: vscode.Uri, right: vscode.Uri): Promise<void> {
  const words = (uri: vscode.Uri) =>
    uri.scheme === scheme
      ? vscode.l10n.t('{0} (stored)', posix.basename(uri.path))
      : vscode.l10n.t('{0} (local)', posix.basename(uri.path));
  await vscode.commands.executeCommand('vscode.diff', left, right, `${words(left)} ↔ ${words(right)}`);
}
