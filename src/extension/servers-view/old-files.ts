/** What becomes of the files that are stored already when a storage server joins the pool. */
import * as vscode from 'vscode';
import type { PoolWatch } from '../pool-watch.ts';
import type { Servers } from '../servers.ts';
import { countFiles } from '../wording.ts';
import { convert } from './long-tasks.ts';

/**
 * Tells that the pool has one more storage server. Where files are stored already, offers what brings them there:
 * converting them where new files get another layout, else rebalancing.
 * @param layoutBefore that of new files, such as `2+1`, before the server joined
 */
export async function offerForOldFiles(
  servers: Servers,
  watch: PoolWatch,
  layoutBefore: string,
): Promise<void> {
  const client = await servers.client();
  const coordinator = (await client.status()).find((report) => report.kind === 'coordinator');
  const joined = vscode.l10n.t('The pool has one more storage server.');
  if (coordinator === undefined || coordinator.files === 0) {
    void vscode.window.showInformationMessage(joined);
    return;
  }
  const files = countFiles(coordinator.files);
  const { layout } = coordinator;
  if (layout !== layoutBefore) {
    const button = vscode.l10n.t('Convert Files');
    const question = vscode.l10n.t(
      'New files get layout {0}. Convert what is stored, too ({1} at most)? It can be used meanwhile.',
      layout,
      files,
    );
    if ((await vscode.window.showInformationMessage(`${joined} ${question}`, button)) === button)
      await convert(await servers.client(), '/');
    return;
  }
  const button = vscode.l10n.t('Rebalance');
  const question = vscode.l10n.t(
    'New files use it. Move parts of what is stored there, too ({0})? It can be used meanwhile.',
    files,
  );
  if ((await vscode.window.showInformationMessage(`${joined} ${question}`, button)) !== button) return;
  await (await servers.client()).rebalance();
  watch.look();
}
