import type * as vscode from 'vscode';
import { registerAll } from '../command-runner.ts';
import type { StoredFiles } from '../file-system/stored-files.ts';
import type { FilesViews } from '../files-views.ts';
import type { Servers } from '../servers.ts';
import type { Transfers } from '../transfers/transfers.ts';
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
  readonly tree: FilesViews;
  readonly files: StoredFiles;
  readonly transfers: Transfers;
  readonly log: vscode.LogOutputChannel;
}

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

/** Registers every command. */
export function registerCommands(parts: Parts): vscode.Disposable {
  return registerAll(
    Object.fromEntries(
      Object.entries(commands).map(([id, command]) => [id, (...args: unknown[]) => command(parts, ...args)]),
    ),
    parts.log,
  );
}
