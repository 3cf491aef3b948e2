import * as vscode from 'vscode';
import { describeError, LostConnectionError, RemoteError, UnreachableError } from '../../client/errors.ts';

/** As the contract of file system providers wants it, in words for a person. */
export function toFileSystemError(error: unknown, path: string): vscode.FileSystemError {
  if (error instanceof vscode.FileSystemError) return error;
  const text = describeError(error);
  const isTemporary =
    error instanceof UnreachableError ||
    error instanceof LostConnectionError ||
    (error instanceof RemoteError && error.code < 500);
  if (isTemporary) return vscode.FileSystemError.Unavailable(text);
  return new vscode.FileSystemError(text.includes(path) ? text : `${path}: ${text}`);
}

/** Whether it says that nothing is there. */
export function isNotFound(error: unknown): boolean {
  return error instanceof vscode.FileSystemError && error.code === 'FileNotFound';
}

/** Whether the servers cannot be asked now. */
export function isUnavailable(error: unknown): boolean {
  return error instanceof vscode.FileSystemError && error.code === 'Unavailable';
}
