import type * as vscode from 'vscode';
import { registerAll } from '../command-runner.ts';
import type { FilesViews } from '../files-views.ts';
import type { FirstSteps } from '../first-steps.ts';
import type { HealthOfFiles } from '../health/health-of-files.ts';
import type { Servers } from '../servers.ts';
import type { DroppedFiles } from './dropped-files.ts';
import { transferCommands } from './transfer-commands.ts';
import { Transfers } from './transfers.ts';
import { TransfersView } from './transfers-view.ts';

interface TransfersParts {
  readonly context: vscode.ExtensionContext;
  readonly servers: Servers;
  readonly log: vscode.LogOutputChannel;
  readonly tree: FilesViews;
  readonly health: HealthOfFiles;
  readonly dropped: DroppedFiles;
  readonly steps: FirstSteps;
}

/** The queue, its view, and its commands. */
export function registerTransfers({
  context,
  servers,
  log,
  tree,
  health,
  dropped,
  steps,
}: TransfersParts): Transfers {
  const transfers = new Transfers({
    servers,
    log,
    dropped,
    context,
    isPoolInTrouble: () => health.trouble.severity !== 'none',
    reveal: (path) => tree.reveal(path),
    onStored: (folder, files) => {
      if (files > 0) steps.finish('uploaded');
      return tree.refresh(folder);
    },
  });
  const view = new TransfersView(transfers);
  context.subscriptions.push(transfers, view, registerAll(transferCommands(transfers, view.view), log));
  return transfers;
}
