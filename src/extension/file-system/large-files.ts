import * as vscode from 'vscode';
import type { RemoteEntry } from '../../client/transfer.ts';
import { formatSize } from '../wording.ts';

const MiB = 1024 ** 2;
/** No editor opens more: it would have to be in memory several times. */
const most = 1024 * MiB;

/** Asks before a large file is read into memory as a whole; who agreed to a file once is not asked again. */
export class LargeFiles {
  readonly #agreed = new Set<string>();
  /** VS Code may ask for a file several times while the question is open. */
  readonly #asking = new Map<string, Promise<void>>();

  /** @throws FileSystemError when the file is not to be read. */
  async check(file: RemoteEntry): Promise<void> {
    const limit = vscode.workspace.getConfiguration('splitftp').get('editor.largeFileMB', 50) * MiB;
    if (file.size <= Math.min(limit, most) || this.#agreed.has(file.path)) return;
    const asking = this.#asking.get(file.path) ?? ask(file).finally(() => this.#asking.delete(file.path));
    this.#asking.set(file.path, asking);
    await asking;
    this.#agreed.add(file.path);
  }
}

async function ask({ path, size }: RemoteEntry): Promise<void> {
  const [openIt, download] = [vscode.l10n.t('Open'), vscode.l10n.t('Download...')];
  const open = size <= most ? [openIt] : [];
  const answer = await vscode.window.showWarningMessage(
    vscode.l10n.t('"{0}" is large ({1}).', path, formatSize(size)),
    {
      modal: true,
      detail:
        size <= most
          ? vscode.l10n.t('Open it in the editor, which keeps all of it in memory, or download it?')
          : vscode.l10n.t('It is too large for an editor. Download it?'),
    },
    ...open,
    download,
  );
  if (answer === openIt) return;
  // Not awaited: whoever reads the file is told at once that it is not opened.
  if (answer === download) void vscode.commands.executeCommand('splitftp.download', [path]);
  throw new vscode.FileSystemError(
    vscode.l10n.t('{0} was not opened: it is large ({1}).', path, formatSize(size)),
  );
}
