/** The guided way to a coordinator on another machine, and back. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import {
  coordinatorConfiguration,
  forgetPassword,
  type RemoteServer,
  remoteCoordinator,
  storePassword,
} from '../remote-servers.ts';
import { type AddingParts, whileTesting } from './add-server.ts';
import { testCoordinator } from './connection-test.ts';
import {
  askForServer,
  confirmFingerprint,
  type ServerAnswers,
  type Tried,
  wantsToChange,
} from './server-questions.ts';

export async function connectToCoordinator({ context, servers, finder }: AddingParts): Promise<void> {
  if ((await finder.origin()).kind === 'env') {
    throw new Error(
      vscode.l10n.t('This workspace has an .env file that names its coordinator: change FTP_HOST there.'),
    );
  }
  const title = vscode.l10n.t('Connect to Coordinator');
  const folder = join(context.globalStorageUri.fsPath, 'remote');
  for (let before: ServerAnswers | undefined; ; ) {
    const answers = await askForServer({ title, number: 1, implicit: false, ...(before && { before }) });
    if (answers === undefined) return;
    const tried = await tryOut(answers, folder);
    if (tried === undefined) return;
    if (tried.reason === undefined) {
      const { server, password } = tried.answers;
      await storePassword(context.secrets, server, password);
      await finder.change(async () => {
        await setCoordinator(server);
        await servers.restart();
      });
      return;
    }
    if (!(await wantsToChange(tried.reason))) return;
    before = tried.answers;
  }
}

/** What a person has agreed to; undefined where to nothing. */
async function tryOut(answers: ServerAnswers, folder: string): Promise<Tried | undefined> {
  const { server, password } = answers;
  const { coordinator } = coordinatorConfiguration(server, password, folder);
  const verdict = await whileTesting(server.host, () => testCoordinator(coordinator));
  if (verdict.kind === 'fails') return { answers, reason: verdict.reason };
  if (verdict.kind === 'works') return { answers };
  const { fingerprint } = verdict;
  if (!(await confirmFingerprint(server.host, fingerprint))) return undefined;
  return tryOut({ password, server: { ...server, fingerprint } }, folder);
}

export async function disconnectCoordinator({ context, servers, finder }: AddingParts): Promise<void> {
  const coordinator = remoteCoordinator();
  if (coordinator === undefined) return;
  await finder.change(async () => {
    await setCoordinator(undefined);
    await forgetPassword(context.secrets, coordinator);
    await servers.restart();
  });
}

async function setCoordinator(server: RemoteServer | undefined): Promise<void> {
  await vscode.workspace
    .getConfiguration('splitftp')
    .update('coordinator', server, vscode.ConfigurationTarget.Global);
}
