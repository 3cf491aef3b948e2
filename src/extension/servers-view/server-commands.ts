import * as v from 'valibot';
import * as vscode from 'vscode';
import type { SplitClient } from '../../client/split-client.ts';
import { coordinatorName, storageName } from '../../servers/local-servers.ts';
import type { Command } from '../command-runner.ts';
import type { FirstSteps } from '../first-steps.ts';
import type { ServerLogs } from '../server-logs.ts';
import type { DepartureParts } from './departure.ts';

const entry = v.object({ path: v.string() });
export interface ServerCommandParts extends DepartureParts {
  readonly logs: ServerLogs;
  readonly steps: FirstSteps;
}

const coordinatorNode = v.object({ kind: v.literal('coordinator') });
const storageNode = v.object({ kind: v.literal('storage'), number: v.number() });

// What asks and tells in many steps is loaded when it is wanted.
const adding = () => import('./add-server.ts');
const connecting = () => import('./connect.ts');
const departing = () => import('./departure.ts');
const longTasks = () => import('./long-tasks.ts');

/** The commands of the Servers view. Those about one storage server ask which one where they are not told. */
export function serverCommands(parts: ServerCommandParts): Readonly<Record<string, Command>> {
  const { servers, watch, logs, steps } = parts;

  async function chosen(clicked: unknown): Promise<number | undefined> {
    if (v.is(storageNode, clicked)) return clicked.number;
    const client = await servers.client();
    const reports = (await client.status()).filter((report) => report.kind === 'storage server');
    const picked = await vscode.window.showQuickPick(
      reports.map(({ number, address }) => ({
        label: vscode.l10n.t('Storage server {0}', number),
        description: address,
        number,
      })),
      { placeHolder: vscode.l10n.t('Choose a storage server') },
    );
    return picked?.number;
  }

  const forStorage =
    (what: (number: number) => Promise<void>): Command =>
    async (clicked) => {
      const number = await chosen(clicked);
      if (number === undefined) return;
      await what(number);
      watch.look();
    };

  /** What is begun shows in the view. */
  async function begin(what: (client: SplitClient) => Promise<unknown>): Promise<void> {
    await what(await servers.client());
    watch.look();
  }

  return {
    'splitftp.servers.add': async () => {
      const joined = await (await adding()).addStorageServer(parts);
      if (joined === undefined) return;
      steps.finish('serverAdded');
      const { offerForOldFiles } = await import('./old-files.ts');
      await offerForOldFiles(servers, watch, joined.layoutBefore);
    },
    'splitftp.servers.connect': async () => (await connecting()).connectToCoordinator(parts),
    'splitftp.servers.disconnect': async () => (await connecting()).disconnectCoordinator(parts),
    'splitftp.servers.stop': forStorage((number) => servers.stopStorageServer(number)),
    'splitftp.servers.start': forStorage((number) => servers.startStorageServer(number)),
    'splitftp.servers.restart': forStorage(async (number) => {
      await servers.stopStorageServer(number);
      await servers.startStorageServer(number);
    }),
    'splitftp.servers.showLog': async (clicked) => {
      if (v.is(coordinatorNode, clicked)) return logs.show(coordinatorName);
      const number = await chosen(clicked);
      if (number !== undefined) logs.show(storageName(number));
    },
    'splitftp.servers.drain': forStorage(async (number) => (await departing()).drainServer(parts, number)),
    'splitftp.servers.undoDrain': forStorage((number) =>
      begin((client) => client.drain(number, { undo: true })),
    ),
    'splitftp.servers.replace': forStorage(async (number) =>
      (await departing()).replaceServer(parts, number),
    ),
    'splitftp.servers.remove': forStorage(async (number) => (await departing()).removeServer(parts, number)),
    'splitftp.servers.repair': () => begin((client) => client.repair()),
    'splitftp.servers.rebalance': () => begin((client) => client.rebalance()),
    'splitftp.servers.stopRebalance': () => begin((client) => client.rebalance({ stop: true })),
    'splitftp.servers.verify': async (clicked) =>
      (await longTasks()).verify(await servers.client(), v.is(entry, clicked) ? clicked.path : '/'),
    'splitftp.convert': async (clicked) =>
      (await longTasks()).convert(await servers.client(), v.is(entry, clicked) ? clicked.path : '/'),
    'splitftp.servers.refresh': () => watch.look(),
  };
}
