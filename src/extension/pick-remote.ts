import { posix } from 'node:path';
import * as vscode from 'vscode';
import type { SplitClient } from '../client/split-client.ts';
import type { RemoteEntry } from '../client/transfer.ts';
import { foldersFirst } from './files-tree.ts';
import { formatSize } from './wording.ts';

interface Item extends vscode.QuickPickItem {
  /** What accepting this item means: going to another folder, or taking these paths. */
  readonly go?: string;
  readonly take?: readonly string[];
}

/** How the choice of a folder is worded. */
interface FolderWords {
  readonly placeholder: string;
  /** What is done with the folder: "Upload to /photos". */
  take(folder: string): string;
}

/** Lets a person choose a stored folder, from `/` on; without any folder there is nothing to ask. */
export async function pickFolder(
  client: SplitClient,
  title: string,
  { placeholder, take }: FolderWords,
): Promise<string | undefined> {
  const folders = async (folder: string) =>
    (await client.list(folder)).filter(({ kind }) => kind === 'directory').toSorted(foldersFirst);
  if ((await folders('/')).length === 0) return '/';
  const chosen = await browse(title, placeholder, async (folder) => ({
    items: [
      { label: `$(check) ${take(folder)}`, take: [folder] },
      ...up(folder),
      ...(await folders(folder)).map((entry) => ({ label: `$(folder) ${entry.name}`, go: entry.path })),
    ],
    selectable: [],
  }));
  return chosen?.[0];
}

/** Lets a person choose one stored file. */
export async function pickFile(
  client: SplitClient,
  title: string,
  placeholder: string,
): Promise<string | undefined> {
  const chosen = await browse(title, placeholder, async (folder) => ({
    items: [...up(folder), ...(await client.list(folder)).toSorted(foldersFirst).map(entryItem)],
    selectable: [],
  }));
  return chosen?.[0];
}

/** Lets a person choose stored files and folders; several of one folder with the button "Select Several". */
export async function pickEntries(
  client: SplitClient,
  title: string,
): Promise<readonly string[] | undefined> {
  const placeholder = vscode.l10n.t('Choose a file to download, or open a folder');
  return browse(title, placeholder, async (folder) => {
    const entries = (await client.list(folder)).toSorted(foldersFirst);
    const whole = {
      label: `$(check) ${vscode.l10n.t('Download all of {0}', folder)}`,
      take: entries.map(({ path }) => path),
    };
    return {
      items: [...(entries.length > 0 ? [whole] : []), ...up(folder), ...entries.map(entryItem)],
      selectable: entries.map((entry) => ({ ...entryItem(entry), take: [entry.path] })),
    };
  });
}

function entryItem(entry: RemoteEntry): Item {
  if (entry.kind === 'directory') return { label: `$(folder) ${entry.name}`, go: entry.path };
  return { label: `$(file) ${entry.name}`, description: formatSize(entry.size), take: [entry.path] };
}

function up(folder: string): Item[] {
  return folder === '/' ? [] : [{ label: '$(arrow-up) ..', go: posix.dirname(folder) }];
}

interface Page {
  readonly items: readonly Item[];
  /** What can be ticked when several are selected. */
  readonly selectable: readonly Item[];
}

function browse(
  title: string,
  placeholder: string,
  open: (folder: string) => Promise<Page>,
): Promise<readonly string[] | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly string[] | undefined>();
  const pick = vscode.window.createQuickPick<Item>();
  const severalButton: vscode.QuickInputButton = {
    iconPath: new vscode.ThemeIcon('checklist'),
    tooltip: vscode.l10n.t('Select Several'),
  };
  let page: Page = { items: [], selectable: [] };
  const show = async (folder: string) => {
    pick.title = `${title}: ${folder}`;
    pick.placeholder = placeholder;
    pick.value = '';
    pick.busy = true;
    page = await open(folder);
    pick.busy = false;
    pick.items = page.items;
    pick.buttons = page.selectable.length > 1 ? [severalButton] : [];
  };
  pick.onDidTriggerButton(() => {
    pick.canSelectMany = !pick.canSelectMany;
    pick.items = pick.canSelectMany ? page.selectable : page.items;
    pick.placeholder = pick.canSelectMany
      ? vscode.l10n.t('Tick what you want, whole folders too')
      : placeholder;
  });
  pick.onDidAccept(() => {
    const [first] = pick.selectedItems;
    if (!pick.canSelectMany && first?.go !== undefined) show(first.go).catch(reject);
    else if (first !== undefined) resolve(pick.selectedItems.flatMap(({ take = [] }) => take));
  });
  pick.onDidHide(() => resolve(undefined));
  pick.show();
  show('/').catch(reject);
  return promise.finally(() => pick.dispose());
}
