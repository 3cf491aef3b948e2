/** The guided ways to servers: a new storage server, and a coordinator on another machine. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import { findRunning, isAnyPortTaken } from '../attachment.ts';
import type { ConfigurationFinder } from '../configuration.ts';
import {
  coordinatorConfiguration,
  forgetPassword,
  remoteCoordinator,
  storePassword,
  toStorageServer,
} from '../remote-servers.ts';
import type { Servers } from '../servers.ts';
import { testStorageServer, type Verdict } from './connection-test.ts';
import { PoolMembers } from './pool-members.ts';
import { askForServer, confirmFingerprint, type ServerAnswers } from './server-questions.ts';

export interface AddingParts {
  readonly context: vscode.ExtensionContext;
  readonly servers: Servers;
  readonly finder: ConfigurationFinder;
}

/** @returns whether one was added */
export async function addStorageServer({ context, servers, finder }: AddingParts): Promise<boolean> {
  if (remoteCoordinator() !== undefined && (await finder.origin()).kind === 'settings') {
    throw new Error(
      vscode.l10n.t('The coordinator is on another machine: add storage servers to its configuration there.'),
    );
  }
  const title = vscode.l10n.t('Add Storage Server');
  const kind = await vscode.window.showQuickPick(
    [
      {
        label: vscode.l10n.t('An FTP server on another machine'),
        detail: vscode.l10n.t('A NAS, a hosting account, a machine at work.'),
        isRemote: true,
      },
      {
        label: vscode.l10n.t('A folder of this machine'),
        detail: vscode.l10n.t('On another disk, for example. A bundled server is started for it.'),
        isRemote: false,
      },
    ],
    { title, ignoreFocusOut: true },
  );
  if (kind === undefined) return false;
  const origin = await finder.origin();
  const configuration = await finder.load(origin);
  const members = new PoolMembers(context);
  if (kind.isRemote) {
    const number = members.nextNumber(origin, configuration);
    const answers = await askForServer(title, { number, implicit: true });
    const tested = answers && (await tryOut(answers));
    if (tested === undefined) return false;
    await members.addServer(origin, tested);
  } else {
    const [folder] =
      (await vscode.window.showOpenDialog({
        title,
        openLabel: vscode.l10n.t('Store Parts Here'),
        canSelectFiles: false,
        canSelectFolders: true,
      })) ?? [];
    if (folder === undefined) return false;
    const { coordinator, storageServers } = configuration;
    let port = Math.max(coordinator.port, ...storageServers.map((server) => server.port)) + 1;
    while (
      await isAnyPortTaken({ ...configuration, coordinator: { ...coordinator, port }, storageServers: [] })
    )
      port += 1;
    await members.addFolder(origin, configuration, folder.fsPath, port);
  }
  await servers.restart();
  void vscode.window.showInformationMessage(
    vscode.l10n.t(
      'The pool has one more storage server. New files use it; what is stored stays where it is until it is rebalanced.',
    ),
  );
  return true;
}

/** Asks about an unknown certificate, tells the verdict, and lets a person decide. */
async function tryOut(answers: ServerAnswers): Promise<ServerAnswers | undefined> {
  const { server, password } = answers;
  const { host } = server;
  const verdict = await testing(host, () =>
    testStorageServer(toStorageServer(server, password, join('/', 'unused'))),
  );
  if (verdict.kind === 'unknown certificate') {
    const { fingerprint } = verdict;
    if (!(await confirmFingerprint(host, fingerprint))) return undefined;
    return tryOut({ password, server: { ...server, fingerprint } });
  }
  if (verdict.kind === 'fails') {
    await vscode.window.showErrorMessage(`SplitFTP: ${verdict.reason}`);
    return undefined;
  }
  const add = vscode.l10n.t('Add to the Pool');
  const answer = await vscode.window.showQuickPick(
    [
      {
        label: add,
        detail: vscode.l10n.t('It can: {0}', verdict.can.join(', ')),
      },
      { label: vscode.l10n.t('Cancel') },
    ],
    {
      title: vscode.l10n.t('{0} works: a file was stored, read and removed', host),
      ignoreFocusOut: true,
    },
  );
  return answer?.label === add ? answers : undefined;
}

function testing(host: string, test: () => Promise<Verdict>): Promise<Verdict> {
  const location = vscode.ProgressLocation.Notification;
  return Promise.resolve(
    vscode.window.withProgress({ location, title: vscode.l10n.t('Testing {0} ...', host) }, test),
  );
}

export async function connectToCoordinator({ context, servers, finder }: AddingParts): Promise<void> {
  if ((await finder.origin()).kind === 'env') {
    throw new Error(
      vscode.l10n.t('This workspace has an .env file that names its coordinator: change FTP_HOST there.'),
    );
  }
  const settings = vscode.workspace.getConfiguration('splitftp');
  const answers = await askForServer(vscode.l10n.t('Connect to Coordinator'), { number: 1, implicit: false });
  if (answers === undefined) return;
  const { server, password } = answers;
  let { fingerprint } = server;
  if (server.tls !== 'off') {
    // What a storage server's test finds out about the certificate is the same here.
    const verdict = await testing(server.host, () =>
      testStorageServer(toStorageServer(server, password, join('/', 'unused'))),
    );
    if (verdict.kind === 'unknown certificate') {
      fingerprint = verdict.fingerprint;
      if (!(await confirmFingerprint(server.host, fingerprint))) return;
    }
  }
  const trusted = { ...server, ...(fingerprint !== undefined && { fingerprint }) };
  const folder = join(context.globalStorageUri.fsPath, 'remote');
  const client = await findRunning(coordinatorConfiguration(trusted, password, folder));
  if (client === undefined) {
    throw new Error(
      vscode.l10n.t(
        'No SplitFTP coordinator that accepts this account answers at {0}:{1}.',
        server.host,
        server.port,
      ),
    );
  }
  client.close();
  await storePassword(context.secrets, server, password);
  await settings.update('coordinator', trusted, vscode.ConfigurationTarget.Global);
  await servers.restart();
}

export async function disconnectCoordinator({ context, servers }: AddingParts): Promise<void> {
  const coordinator = remoteCoordinator();
  if (coordinator === undefined) return;
  await vscode.workspace
    .getConfiguration('splitftp')
    .update('coordinator', undefined, vscode.ConfigurationTarget.Global);
  await forgetPassword(context.secrets, coordinator);
  await servers.restart();
}
