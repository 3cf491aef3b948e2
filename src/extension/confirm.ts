import * as vscode from 'vscode';

/** Asks before something is done that matters. @returns whether a person pressed the button that does it */
export async function confirm(question: string, detail: string, button: string): Promise<boolean> {
  return (await vscode.window.showWarningMessage(question, { modal: true, detail }, button)) === button;
}
