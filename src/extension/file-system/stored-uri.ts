import * as vscode from 'vscode';

/** Of the URIs of what is stored: `splitftp:/path`. */
export const scheme = 'splitftp';

export function toUri(path: string): vscode.Uri {
  return vscode.Uri.from({ scheme, path });
}

/** The path on the coordinator: without a trailing slash. */
export function toPath(uri: vscode.Uri): string {
  const path = uri.path.replace(/\/+$/, '');
  return path === '' ? '/' : path;
}

export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

/** Whether a path is below a folder. */
export function isBelow(path: string, folder: string): boolean {
  return path !== folder && path.startsWith(folder === '/' ? '/' : `${folder}/`);
}
