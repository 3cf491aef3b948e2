import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import * as vscode from 'vscode';
import type { SplitClient } from '../client/split-client.ts';
import { isLocal } from '../config/loopback.ts';
import { confirm } from './confirm.ts';
import type { Servers } from './servers.ts';

/** Where the drill keeps its own files, which are removed again. */
const folder = '/SplitFTP drill';
/** Milliseconds that the pool is given to heal. */
const patience = 120_000;
const drillBytes = 3_000_000;

/**
 * Stops one storage server of this window, shows that reading and writing go on, starts it again and waits until the
 * pool is whole. Only its own files are written.
 * @returns whether that was done; false where a person does not want it
 */
export async function drill(servers: Servers): Promise<boolean> {
  const client = await servers.client();
  const { state } = servers;
  if (state.kind !== 'running' || !state.startedHere) {
    throw new Error(
      vscode.l10n.t('A drill stops a storage server of this window, and its servers were started elsewhere.'),
    );
  }
  if (state.configuration.layout.parityParts === 0) {
    throw new Error(
      vscode.l10n.t(
        'Files have no parity parts (layout {0}+0), so that nothing may be lost: add a storage server first.',
        state.configuration.layout.dataParts,
      ),
    );
  }
  const server = state.configuration.storageServers.findLast(
    (one) => isLocal(one) && servers.runs(one.number),
  );
  if (server === undefined) throw new Error(vscode.l10n.t('None of the storage servers is of this machine.'));
  const { number } = server;
  const start = await confirm(
    vscode.l10n.t('Stop storage server {0} for a moment?', number),
    vscode.l10n.t(
      'A file is stored, the server is stopped, the file is read all the same, another one is written, and the pool heals when the server is back. Your own files are not touched.',
    ),
    vscode.l10n.t('Start Drill'),
  );
  if (!start) return false;
  const location = vscode.ProgressLocation.Notification;
  const title = vscode.l10n.t('SplitFTP drill');
  const result = await vscode.window.withProgress({ location, title }, (progress) =>
    run(servers, client, number, (message) => progress.report({ message })),
  );
  const map = vscode.l10n.t('Show Pool Map');
  void vscode.window.showInformationMessage(result, map).then((chosen) => {
    if (chosen === map) void vscode.commands.executeCommand('splitftp.showPoolMap');
  });
  return true;
}

async function run(
  servers: Servers,
  client: SplitClient,
  number: number,
  tell: (message: string) => void,
): Promise<string> {
  tell(vscode.l10n.t('Storing a file ...'));
  await client.makeDirectory(folder, { parents: true });
  try {
    return await loseAndHeal(servers, client, number, tell);
  } finally {
    await client.remove(folder);
    await vscode.commands.executeCommand('splitftp.refresh');
  }
}

async function loseAndHeal(
  servers: Servers,
  client: SplitClient,
  number: number,
  tell: (message: string) => void,
): Promise<string> {
  const [before, during] = [randomBytes(drillBytes), randomBytes(drillBytes)];
  await client.write(`${folder}/before`, before);
  try {
    tell(vscode.l10n.t('Stopping storage server {0} ...', number));
    await servers.stopStorageServer(number);
    tell(vscode.l10n.t('Reading the file without it ...'));
    await readBack(client, 'before', before);
    tell(vscode.l10n.t('Writing another file without it ...'));
    await client.write(`${folder}/during`, during);
    await readBack(client, 'during', during);
  } finally {
    tell(vscode.l10n.t('Starting storage server {0} again ...', number));
    await servers.startStorageServer(number);
  }
  tell(vscode.l10n.t('The pool heals ...'));
  const seconds = await untilWhole(client);
  await readBack(client, 'during', during);
  return vscode.l10n.t(
    'Drill passed: without storage server {0} a file was read and another written, and {1} s after it came back every part was in its place.',
    number,
    seconds,
  );
}

async function readBack(client: SplitClient, name: string, bytes: Buffer): Promise<void> {
  if ((await client.read(`${folder}/${name}`)).equals(bytes)) return;
  throw new Error(vscode.l10n.t('The drill failed: {0} came back with other bytes.', name));
}

/** Waits until no part of the drill's files is missing. @returns seconds */
async function untilWhole(client: SplitClient): Promise<number> {
  const begun = Date.now();
  await client.repair();
  for (;;) {
    const files = await client.list(folder);
    const parts = (await Promise.all(files.map(({ path }) => client.where(path)))).flat();
    if (parts.every(({ state }) => state === 'stored')) return Math.round((Date.now() - begun) / 1000);
    if (Date.now() - begun > patience) {
      throw new Error(
        vscode.l10n.t('The drill ended before the pool was whole: the Servers view shows the repair.'),
      );
    }
    await delay(1000);
  }
}
