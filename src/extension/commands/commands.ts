import * as vscode from 'vscode';
import type { StoredFiles } from '../file-system/stored-files.ts';
import type { FilesTree } from '../files-tree.ts';
import type { Servers } from '../servers.ts';
import { copyAddress, copyPassword, copyPath } from './copy.ts';
import { deleteEntries } from './delete.ts';
import { download, downloadEntries } from './download.ts';
import { moveEntries } from './move.ts';
import { newFile } from './new-file.ts';
import { newFolder } from './new-folder.ts';
import {
  compareSelected,
  compareWithLocalFile,
  compareWithStoredFile,
  openFiles,
  openInWorkspace,
} from './open.ts';
import { rename } from './rename.ts';
import { showActions } from './show-actions.ts';
import { stopServers } from './stop-servers.ts';
import { upload, uploadHere, uploadResources } from './upload.ts';

/** What the commands work with. */
export interface Parts {
  readonly servers: Servers;
  readonly tree: FilesTree;
  readonly files: StoredFiles;
  readonly log: vscode.LogOutputChannel;
}

// Commands get their arguments from menus and from other extensions: each checks its own.
type Command = (parts: Parts, ...args: unknown[]) => unknown;

const commands: Readonly<Record<string, Command>> = {
  'splitftp.startServers': ({ servers }) => servers.start(),
  'splitftp.stopServers': stopServers,
  'splitftp.restartServers': ({ servers }) => servers.restart(),
  'splitftp.showLogs': ({ log }) => log.show(),
  'splitftp.showActions': showActions,
  'splitftp.copyAddress': copyAddress,
  'splitftp.copyPassword': copyPassword,
  'splitftp.refresh': ({ tree }) => tree.refresh(),
  'splitftp.upload': upload,
  'splitftp.uploadResources': uploadResources,
  'splitftp.uploadHere': uploadHere,
  'splitftp.download': download,
  'splitftp.downloadEntries': downloadEntries,
  'splitftp.newFile': newFile,
  'splitftp.newFolder': newFolder,
  'splitftp.openFiles': openFiles,
  'splitftp.openInWorkspace': openInWorkspace,
  'splitftp.compareWithLocalFile': compareWithLocalFile,
  'splitftp.compareWithStoredFile': compareWithStoredFile,
  'splitftp.compareSelected': compareSelected,
  'splitftp.move': moveEntries,
  'splitftp.rename': rename,
  'splitftp.delete': deleteEntries,
  'splitftp.copyPath': copyPath,
};

/** Registers every command; what goes wrong in one is shown and logged, and not lost. */
export function registerCommands(parts: Parts): vscode.Disposable {
  const run = async (command: Command, args: unknown[]) => {
    try {
      return await command(parts, ...args);
    } catch (error) {
      if (error instanceof vscode.CancellationError) return undefined;
      const message = error instanceof Error ? error.message : String(error);
      parts.log.error(message);
      // Not awaited: the command is over, the message stays until it is closed.
      void vscode.window.showErrorMessage(`SplitFTP: ${message}`, 'Show Logs').then((answer) => {
        if (answer !== undefined) parts.log.show();
      });
      return undefined;
    }
  };
  return vscode.Disposable.from(
    ...Object.entries(commands).map(([id, command]) =>
      vscode.commands.registerCommand(id, (...args: unknown[]) => run(command, args)),
    ),
  );
}
