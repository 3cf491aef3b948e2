import * as v from 'valibot';
import * as vscode from 'vscode';
import type { SplitClient } from '../../client/split-client.ts';
import type { Command } from '../command-runner.ts';
import type { PoolWatch } from '../pool-watch.ts';
import {
  type AddingParts,
  addStorageServer,
  connectToCoordinator,
  disconnectCoordinator,
} from './add-server.ts';
import { convert, verify } from './long-tasks.ts';
import { PoolMembers } from './pool-members.ts';

export interface ServerCommandParts extends AddingParts {
  readonly watch: PoolWatch;
}

const entry = v.object({ path: v.string() });
const storageNode = v.object({ kind: v.literal('storage'), number: v.number() });

/** The commands of the Servers view. Those about one storage server ask which one where they are not told. */
export function serverCommands(parts: ServerCommandParts): Readonly<Record<string, Command>> {
  const { servers, watch, context, finder } = parts;

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

  async function drain(number: number): Promise<boolean> {
    const yes = vscode.l10n.t('Drain');
    const answer = await vscode.window.showWarningMessage(
      vscode.l10n.t('Drain storage server {0}?', number),
      {
        modal: true,
        detail: vscode.l10n.t(
          'It gets no new parts, and those that it has move to the others. Then it can be removed.',
        ),
      },
      yes,
    );
    if (answer !== yes) return false;
    await begin((client) => client.drain(number));
    return true;
  }

  async function remove(number: number): Promise<void> {
    const client = await servers.client();
    const report = (await client.status()).find(
      (one) => one.kind === 'storage server' && one.number === number,
    );
    if (report?.kind === 'storage server' && report.parts > 0) {
      const first = vscode.l10n.t('Drain First');
      const answer = await vscode.window.showWarningMessage(
        vscode.l10n.t('Storage server {0} has {1} parts.', number, report.parts.toLocaleString()),
        {
          modal: true,
          detail: vscode.l10n.t('Drain it, and remove it when it has none left. No file is lost then.'),
        },
        first,
      );
      if (answer === first) await begin((one) => one.drain(number));
      return;
    }
    const origin = await finder.origin();
    const { storageServers } = await finder.load(origin);
    const server = storageServers.find((one) => one.number === number);
    if (server === undefined) return;
    await new PoolMembers(context).remove(origin, server);
    await servers.restart();
  }

  return {
    'splitftp.servers.add': () => addStorageServer(parts),
    'splitftp.servers.connect': () => connectToCoordinator(parts),
    'splitftp.servers.disconnect': () => disconnectCoordinator(parts),
    'splitftp.servers.stop': forStorage((number) => servers.stopStorageServer(number)),
    'splitftp.servers.start': forStorage((number) => servers.startStorageServer(number)),
    'splitftp.servers.restart': forStorage(async (number) => {
      await servers.stopStorageServer(number);
      await servers.startStorageServer(number);
    }),
    'splitftp.servers.drain': forStorage(async (number) => void (await drain(number))),
    'splitftp.servers.undoDrain': forStorage((number) =>
      begin((client) => client.drain(number, { undo: true })),
    ),
    'splitftp.servers.replace': forStorage(async (number) => {
      if (await addStorageServer(parts)) await begin((client) => client.drain(number));
    }),
    'splitftp.servers.remove': forStorage(remove),
    'splitftp.servers.repair': () => begin((client) => client.repair()),
    'splitftp.servers.rebalance': () => begin((client) => client.rebalance()),
    'splitftp.servers.verify': async (clicked) =>
      verify(await servers.client(), v.is(entry, clicked) ? clicked.path : '/'),
    'splitftp.convert': async (clicked) =>
      convert(await servers.client(), v.is(entry, clicked) ? clicked.path : '/'),
    'splitftp.servers.refresh': () => watch.look(),
  };
}
