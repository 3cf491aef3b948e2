import { join } from 'node:path';
import * as v from 'valibot';
import * as vscode from 'vscode';
import { registerCommands } from './commands/commands.ts';
import { ConfigurationFinder } from './configuration.ts';
import { registerFileSystem } from './file-system/register.ts';
import { FilesViews } from './files-views.ts';
import { FirstSteps } from './first-steps.ts';
import { HealthOfFiles } from './health/health-of-files.ts';
import { registerPool } from './register-pool.ts';
import { ServerLogs } from './server-logs.ts';
import { noticeChanges, noticeFailures, noticeVersions } from './server-notices.ts';
import { Servers } from './servers.ts';
import { createStatusItem } from './status-item.ts';
import { DroppedFiles } from './transfers/dropped-files.ts';
import { registerTransfers } from './transfers/register.ts';
import type { Transfers } from './transfers/transfers.ts';

let servers: Servers | undefined;
let transfers: Transfers | undefined;

export function activate(context: vscode.ExtensionContext): Servers {
  const log = vscode.window.createOutputChannel('SplitFTP', { log: true });
  const finder = new ConfigurationFinder(context);
  const programs = {
    storage: context.asAbsolutePath('dist/storage.js'),
    coordinator: context.asAbsolutePath('dist/coordinator.js'),
  };
  const { version } = v.parse(v.object({ version: v.string() }), context.extension.packageJSON);
  const logs = new ServerLogs(log);
  servers = new Servers(finder, programs, logs);
  const fileSystem = registerFileSystem(servers, log);
  const { files, watching } = fileSystem;
  const health = new HealthOfFiles(servers, files, log);
  const dropped = new DroppedFiles(join(context.globalStorageUri.fsPath, 'dropped'));
  const tree = new FilesViews({ servers, files, watching, health, dropped, log });
  const steps = new FirstSteps(servers);
  transfers = registerTransfers({ context, servers, log, tree, health, dropped, steps });
  const setContext = () =>
    vscode.commands.executeCommand('setContext', 'splitftp.state', servers?.state.kind);
  context.subscriptions.push(
    log,
    logs,
    finder,
    servers,
    fileSystem,
    health,
    tree,
    steps,
    createStatusItem(servers, health),
    noticeFailures(servers, log),
    noticeChanges(servers, finder, log),
    noticeVersions(servers, version, log),
    registerPool({ context, servers, finder, transfers, log, logs, steps }),
    registerCommands({ servers, tree, files, transfers, log }),
    servers.onDidChangeState(setContext),
  );
  void setContext();
  if (vscode.workspace.getConfiguration('splitftp').get('autoStart', true)) void servers.start();
  return servers;
}

/** VS Code waits for this; children that it does not reach end themselves when this process is gone. */
export async function deactivate(): Promise<void> {
  // They go on where they are, with the next window.
  await transfers?.stop();
  await servers?.stop();
}
