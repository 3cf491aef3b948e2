/** The guided way to one more storage server. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import { isAnyPortTaken } from '../attachment.ts';
import type { ConfigurationFinder } from '../configuration.ts';
import { remoteCoordinator, toStorageServer } from '../remote-servers.ts';
import type { Servers } from '../servers.ts';
import { formatSize } from '../wording.ts';
import { testStorageServer } from './connection-test.ts';
import { PoolMembers, requireOwnServers } from './pool-members.ts';
import {
  askForServer,
  confirmFingerprint,
  type ServerAnswers,
  type ServerQuestions,
  type Tried,
  wantsToChange,
} from './server-questions.ts';

export interface AddingParts {
  readonly context: vscode.ExtensionContext;
  readonly servers: Servers;
  readonly finder: ConfigurationFinder;
}

/** What is known of the pool that a storage server has joined. */
export interface Joined {
  /** Of new files, such as `2+1`, until then. */
  readonly layoutBefore: string;
}

/** @returns undefined where none was added */
export async function addStorageServer(
  { context, servers, finder }: AddingParts,
  title = vscode.l10n.t('Add Storage Server'),
): Promise<Joined | undefined> {
  requireOwnServers(servers);
  if (remoteCoordinator() !== undefined && (await finder.origin()).kind === 'settings') {
    throw new Error(
      vscode.l10n.t('The coordinator is on another machine: add storage servers to its configuration there.'),
    );
  }
  const kind = await vscode.window.showQuickPick(
    [
      {
        label: vscode.l10n.t('An FTP server'),
        detail: vscode.l10n.t('A NAS, a hosting account, a machine at work.'),
        isBundled: false,
      },
      {
        label: vscode.l10n.t('A folder of this machine'),
        detail: vscode.l10n.t('On another disk, for example. A bundled server is started for it.'),
        isBundled: true,
      },
    ],
    { title, ignoreFocusOut: true },
  );
  if (kind === undefined) return undefined;
  const origin = await finder.origin();
  const configuration = await finder.load(origin);
  const members = new PoolMembers(context);
  let add: () => Promise<void>;
  if (kind.isBundled) {
    const [folder] =
      (await vscode.window.showOpenDialog({
        title,
        openLabel: vscode.l10n.t('Store Parts Here'),
        canSelectFiles: false,
        canSelectFolders: true,
      })) ?? [];
    if (folder === undefined) return undefined;
    const { coordinator, storageServers } = configuration;
    let port = Math.max(coordinator.port, ...storageServers.map((server) => server.port)) + 1;
    while (
      await isAnyPortTaken({ ...configuration, coordinator: { ...coordinator, port }, storageServers: [] })
    )
      port += 1;
    add = () => members.addFolder(origin, configuration, folder.fsPath, port);
  } else {
    const number = members.nextNumber(origin, configuration);
    const tested = await askUntilItWorks({ title, number, implicit: true });
    if (tested === undefined) return undefined;
    add = () => members.addServer(origin, tested);
  }
  await finder.change(async () => {
    await add();
    await servers.restart();
  });
  if (servers.state.kind !== 'running') return undefined; // The failed state is shown already.
  const { dataParts, parityParts } = configuration.layout;
  return { layoutBefore: `${dataParts}+${parityParts}` };
}

/** Asks, tests, tells, and asks again with the answers so far. */
async function askUntilItWorks(questions: ServerQuestions): Promise<ServerAnswers | undefined> {
  for (let before: ServerAnswers | undefined; ; ) {
    const answers = await askForServer({ ...questions, ...(before && { before }) });
    if (answers === undefined) return undefined;
    const tried = await tryOut(answers);
    if (tried?.reason === undefined) return tried?.answers;
    if (!(await wantsToChange(tried.reason))) return undefined;
    before = tried.answers;
  }
}

/** What a person has agreed to; undefined where to nothing. */
async function tryOut(answers: ServerAnswers): Promise<Tried | undefined> {
  const { server, password } = answers;
  const { host } = server;
  const verdict = await whileTesting(host, () =>
    testStorageServer(toStorageServer(server, password, join('/', 'unused'))),
  );
  if (verdict.kind === 'unknown certificate') {
    const { fingerprint } = verdict;
    if (!(await confirmFingerprint(host, fingerprint))) return undefined;
    return tryOut({ password, server: { ...server, fingerprint } });
  }
  if (verdict.kind === 'fails') return { answers, reason: verdict.reason };
  const add = vscode.l10n.t('Add to the Pool');
  const answer = await vscode.window.showQuickPick(
    [
      {
        label: add,
        ...(verdict.free !== undefined && {
          description: vscode.l10n.t('{0} free', formatSize(verdict.free)),
        }),
        detail: vscode.l10n.t('It can: {0}', verdict.can.join(', ')),
      },
      { label: vscode.l10n.t('Cancel') },
    ],
    {
      title: vscode.l10n.t('{0} works: a file was stored, read and removed', host),
      ignoreFocusOut: true,
    },
  );
  return answer?.label === add ? { answers } : undefined;
}

export function whileTesting<T>(host: string, test: () => Promise<T>): Promise<T> {
  const location = vscode.ProgressLocation.Notification;
  return Promise.resolve(
    vscode.window.withProgress({ location, title: vscode.l10n.t('Testing {0} ...', host) }, test),
  );
}
