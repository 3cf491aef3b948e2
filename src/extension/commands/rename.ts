import { posix } from 'node:path';
import * as vscode from 'vscode';
import { entriesOf } from './arguments.ts';
import type { Parts } from './commands.ts';
import { nameProblem } from './name.ts';

export async function rename({ servers, tree }: Parts, clicked: unknown): Promise<void> {
  const [entry] = entriesOf(clicked, undefined, tree.view);
  if (entry === undefined) return;
  const dot = entry.kind === 'file' ? entry.name.lastIndexOf('.') : -1;
  const name = await vscode.window.showInputBox({
    title: `Rename ${entry.path}`,
    prompt: 'New name',
    value: entry.name,
    valueSelection: [0, dot > 0 ? dot : entry.name.length],
    validateInput: nameProblem,
  });
  if (name === undefined || name === entry.name) return;
  const client = await servers.client();
  const folder = posix.dirname(entry.path);
  const target = posix.join(folder, name);
  // FTP's rename would replace an existing file without a word.
  if ((await client.stat(target)) !== undefined)
    throw new Error(`"${target}" exists already: choose another name.`);
  await client.rename(entry.path, target);
  tree.refresh(folder);
  await tree.reveal(target);
}
