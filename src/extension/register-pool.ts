import * as v from 'valibot';
import * as vscode from 'vscode';
import { registerAll } from './command-runner.ts';
import type { ConfigurationFinder } from './configuration.ts';
import type { FirstSteps } from './first-steps.ts';
import { PoolMap } from './pool-map/pool-map.ts';
import { PoolWatch } from './pool-watch.ts';
import type { ServerLogs } from './server-logs.ts';
import type { Servers } from './servers.ts';
import { serverCommands } from './servers-view/server-commands.ts';
import { ServersView } from './servers-view/servers-view.ts';
import type { Transfers } from './transfers/transfers.ts';

interface PoolParts {
  readonly context: vscode.ExtensionContext;
  readonly servers: Servers;
  readonly finder: ConfigurationFinder;
  readonly transfers: Transfers;
  readonly log: vscode.LogOutputChannel;
  readonly logs: ServerLogs;
  readonly steps: FirstSteps;
}

const entry = v.object({ path: v.string() });

/** The Servers view, the pool map and the drill. */
export function registerPool({
  context,
  servers,
  finder,
  transfers,
  log,
  logs,
  steps,
}: PoolParts): vscode.Disposable {
  const watch = new PoolWatch(servers);
  const view = new ServersView(servers, watch);
  const map = new PoolMap({
    extensionUri: context.extensionUri,
    servers,
    watch,
    speed: () => transfers.runner.speed(),
  });
  const commands = {
    ...serverCommands({ context, servers, finder, watch, logs, steps }),
    'splitftp.showPoolMap': (clicked: unknown) => {
      map.show(v.is(entry, clicked) ? clicked.path : '/');
      steps.finish('mapShown');
    },
    'splitftp.drill': async () => {
      const { drill } = await import('./drill.ts');
      if (await drill(servers)) steps.finish('drillPassed');
    },
    'splitftp.reportIssue': async () => (await import('./report-issue.ts')).reportIssue(servers),
    'splitftp.openWalkthrough': () =>
      vscode.commands.executeCommand('workbench.action.openWalkthrough', 'splitftp.splitftp#splitftp.start'),
  };
  return vscode.Disposable.from(watch, view, map, registerAll(commands, log));
}
