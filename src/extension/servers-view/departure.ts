/** How a storage server leaves the pool: emptied first, then taken out of the configuration. */
import { setTimeout as delay } from 'node:timers/promises';
import * as vscode from 'vscode';
import { layoutFor } from '../../config/layout.ts';
import type { CoordinatorReport, StatusReport, StorageServerReport } from '../../site/reports.ts';
import { confirm } from '../confirm.ts';
import type { PoolWatch } from '../pool-watch.ts';
import { countParts } from '../wording.ts';
import { type AddingParts, addStorageServer } from './add-server.ts';
import { PoolMembers, requireOwnServers } from './pool-members.ts';

export interface DepartureParts extends AddingParts {
  readonly watch: PoolWatch;
}

/** Milliseconds between two looks at how many parts are left. */
const pause = 1000;

/** Asks, empties the server with its progress shown, and offers to remove it. */
export async function drainServer(parts: DepartureParts, number: number): Promise<void> {
  if (await confirmDrain(parts, number)) await drainAndOffer(parts, number);
}

/** A new storage server first, so that the parts of the old one have where to go. */
export async function replaceServer(parts: DepartureParts, number: number): Promise<void> {
  requireOwnServers(parts.servers);
  if (!(await addStorageServer(parts, vscode.l10n.t('Replace Storage Server {0}', number)))) return;
  await drainAndOffer(parts, number);
}

export async function removeServer(parts: DepartureParts, number: number): Promise<void> {
  requireOwnServers(parts.servers);
  const { server } = await look(parts, number);
  if (server === undefined) return;
  if (server.parts + server.missing > 0) {
    const drainFirst = await confirm(
      vscode.l10n.t('Storage server {0} has {1}.', number, countParts(server.parts)),
      vscode.l10n.t('Drain it, and remove it when it has none left. No file is lost then.'),
      vscode.l10n.t('Drain First'),
    );
    if (drainFirst) await drainServer(parts, number);
    return;
  }
  const remove = await confirm(
    vscode.l10n.t('Remove storage server {0} from the pool?', number),
    vscode.l10n.t('It has no parts. It is taken out of the configuration; the server itself is not touched.'),
    vscode.l10n.t('Remove'),
  );
  if (!remove) return;
  // What is uploaded at this moment must not go there any more.
  if (server.state === 'drained' || (await drain(parts, number))) await takeOut(parts, number);
}

async function confirmDrain({ servers, watch, ...rest }: DepartureParts, number: number): Promise<boolean> {
  const { coordinator, server, others } = await look({ servers, watch, ...rest }, number);
  if (coordinator === undefined || server === undefined) return false;
  const layout = layoutOf(coordinator);
  const smaller = layoutFor(layout, others);
  if (smaller.dataParts + smaller.parityParts > others) {
    const add = await confirm(
      vscode.l10n.t('Storage server {0} cannot be drained now.', number),
      vscode.l10n.t(
        'Its parts fit on no other server: the layout {0} needs more servers than stay. Add a storage server first.',
        coordinator.layout,
      ),
      vscode.l10n.t('Add Storage Server...'),
    );
    if (add) await vscode.commands.executeCommand('splitftp.servers.add');
    return false;
  }
  const consequences = [
    vscode.l10n.t('It gets no new parts, and those that it has move to the others. Then it can be removed.'),
  ];
  if (smaller !== layout) {
    consequences.push(
      vscode.l10n.t(
        'Layout {0} needs more servers than stay: files get layout {1}.',
        coordinator.layout,
        `${smaller.dataParts}+${smaller.parityParts}`,
      ),
    );
  }
  return confirm(
    vscode.l10n.t('Drain storage server {0}?', number),
    consequences.join(' '),
    vscode.l10n.t('Drain'),
  );
}

async function drainAndOffer(parts: DepartureParts, number: number): Promise<void> {
  if (!(await drain(parts, number))) return;
  const remove = vscode.l10n.t('Remove from the Pool');
  const answer = await vscode.window.showInformationMessage(
    vscode.l10n.t('Storage server {0} has no parts left.', number),
    remove,
  );
  if (answer === remove) await takeOut(parts, number);
}

/** Empties the server, and shows how far that is. @returns whether it has none left; false where somebody ended it */
function drain(parts: DepartureParts, number: number): Promise<boolean> {
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: vscode.l10n.t('Draining storage server {0}', number),
    cancellable: true,
  };
  return Promise.resolve(
    vscode.window.withProgress(options, async (progress, token) => {
      const { servers, watch } = parts;
      const before = await look(parts, number);
      const layout = before.coordinator && layoutOf(before.coordinator);
      await (await servers.client()).drain(number);
      watch.look();
      // Files that have a part on every server go on fewer servers from now on.
      const mustConvert = layout !== undefined && before.others < layout.dataParts + layout.parityParts;
      const conversion = mustConvert ? await (await servers.client()).beginConversion('/') : undefined;
      const total = Math.max(1, before.server?.parts ?? 1);
      let told = 0;
      for (;;) {
        const client = await servers.client();
        if (token.isCancellationRequested) {
          if (conversion) await client.stopConversion(conversion.id);
          await client.drain(number, { undo: true });
          watch.look();
          return false;
        }
        const { server, coordinator } = await look(parts, number);
        if (server === undefined || !server.draining) return false; // Undone, or removed, by somebody else.
        if (isEmpty(server)) {
          watch.look();
          return true;
        }
        const done = Math.max(told, 100 * (1 - server.parts / total));
        const reason = coordinator?.rebalance?.reason;
        progress.report({
          increment: done - told,
          message: [
            vscode.l10n.t('{0} left', countParts(server.parts)),
            ...(conversion === undefined && reason !== undefined ? [reason] : []),
          ].join(', '),
        });
        told = done;
        await delay(pause);
      }
    }),
  );
}

/** Of a server that is down only its parts can be known. */
function isEmpty({ state, parts, missing }: StorageServerReport): boolean {
  return state === 'drained' || (state === 'down' && parts === 0 && missing === 0);
}

async function takeOut({ context, servers, finder }: DepartureParts, number: number): Promise<void> {
  const origin = await finder.origin();
  const { storageServers } = await finder.load(origin);
  const server = storageServers.find((one) => one.number === number);
  if (server === undefined) return;
  await finder.change(async () => {
    await new PoolMembers(context).remove(origin, server, storageServers.length);
    await servers.restart();
  });
}

interface Look {
  readonly coordinator: CoordinatorReport | undefined;
  readonly server: StorageServerReport | undefined;
  /** Storage servers that stay in the pool without this one. */
  readonly others: number;
}

async function look({ servers }: DepartureParts, number: number): Promise<Look> {
  const reports: readonly StatusReport[] = await (await servers.client()).status();
  const storage = reports.filter((report) => report.kind === 'storage server');
  return {
    coordinator: reports.find((report) => report.kind === 'coordinator'),
    server: storage.find((report) => report.number === number),
    others: storage.filter((report) => report.number !== number && !report.draining).length,
  };
}

function layoutOf({ layout }: CoordinatorReport) {
  const [dataParts = 1, parityParts = 0] = layout.split('+').map(Number);
  return { dataParts, parityParts };
}
