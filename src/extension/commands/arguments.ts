/** What menus pass to commands: the clicked item first, then the whole selection. */
import * as v from 'valibot';
import * as vscode from 'vscode';
import type { RemoteEntry } from '../../client/transfer.ts';

const entry = v.object({
  name: v.string(),
  path: v.pipe(v.string(), v.startsWith('/')),
  kind: v.picklist(['file', 'directory']),
  size: v.number(),
  modified: v.date(),
});

/**
 * The entries that a tree command is for: the selection where the clicked one belongs to it, else that one.
 * Without arguments (a key binding, the palette) it is what is selected in the tree.
 */
export function entriesOf(
  clicked: unknown,
  selection: unknown,
  view: vscode.TreeView<RemoteEntry>,
): readonly RemoteEntry[] {
  if (!v.is(entry, clicked)) return view.selection;
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
