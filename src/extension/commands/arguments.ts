/** What menus pass to commands: the clicked item first, then the whole selection. */
import * as v from 'valibot';
import * as vscode from 'vscode';
import type { RemoteEntry } from '../../client/transfer.ts';
import type { FilesViews } from '../files-views.ts';

const entry = v.object({
  name: v.string(),
  path: v.pipe(v.string(), v.startsWith('/')),
  kind: v.picklist(['file', 'directory']),
  size: v.number(),
  modified: v.date(),
});

/** Of a key binding: two views of the files may be seen at once, and one has the focus. */
const keyArgument = v.object({ view: v.string() });

/**
 * The entries that a tree command is for: the selection where the clicked one belongs to it, else that one.
 * Without them (the palette) it is what is selected in the tree that is seen; a key names its view.
 */
export function entriesOf(clicked: unknown, selection: unknown, views: FilesViews): readonly RemoteEntry[] {
  if (!v.is(entry, clicked)) return views.selection(v.is(keyArgument, clicked) ? clicked.view : undefined);
  const selected = v.is(v.array(entry), selection) ? selection : [];
  return selected.some(({ path }) => path === clicked.path) ? selected : [clicked];
}

/** The resources of the explorer, or of another extension: one, or several. */
export function urisOf(clicked: unknown, selection?: unknown): readonly vscode.Uri[] {
  for (const several of [selection, clicked]) {
    if (Array.isArray(several) && several.length > 0) {
      return several.filter((uri: unknown) => uri instanceof vscode.Uri);
    }
  }
  return clicked instanceof vscode.Uri ? [clicked] : [];
}
