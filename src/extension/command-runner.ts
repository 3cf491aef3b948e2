import * as vscode from 'vscode';

// Commands get their arguments from menus and from other extensions: each checks its own.
export type Command = (...args: unknown[]) => unknown;

/** Registers commands; what goes wrong in one is shown and logged, and not lost. */
export function registerAll(
  commands: Readonly<Record<string, Command>>,
  log: vscode.LogOutputChannel,
): vscode.Disposable {
  const run = async (command: Command, args: unknown[]) => {
    try {
      return await command(...args);
    } catch (error) {
      if (error instanceof vscode.CancellationError) return undefined;
      const message = error instanceof Error ? error.message : String(error);
      log.error(message);
      const showLogs = vscode.l10n.t('Show Logs');
      // Not awaited: the command is over, the message stays until it is closed.
      void vscode.window.showErrorMessage(`SplitFTP: ${message}`, showLogs).then((answer) => {
        if (answer !== undefined) log.show();
      });
      return undefined;
    }
  };
  return vscode.Disposable.from(
    ...Object.entries(commands).map(([id, command]) =>
      vscode.commands.registerCommand(id, (...args: unknown[]) => run(command, args)),
    ),
  );
}
