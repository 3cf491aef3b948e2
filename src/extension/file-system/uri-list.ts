/** `text/uri-list` (RFC 2483, section 5). */
import * as vscode from 'vscode';

export function uriList(uris: readonly vscode.Uri[]): string {
  return uris.map(String).join('\r\n');
}

export function urisFromList(text: string): vscode.Uri[] {
  return text
    .split(/\r?\n/)
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => vscode.Uri.parse(line, true));
}
