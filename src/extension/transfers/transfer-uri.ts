import { Uri } from 'vscode';

const scheme = 'splitftp-transfer';

/** What VS Code knows a row of the Transfers view by, for its decoration. */
export const toUri = (id: string): Uri => Uri.from({ scheme, path: `/${id}` });

/** The id of a batch or a file; undefined where it is none of the view's. */
export const toId = (uri: Uri): string | undefined => (uri.scheme === scheme ? uri.path.slice(1) : undefined);
