import * as vscode from 'vscode';
import { withChangedVariable } from '../config/env-edit.ts';
import { loadConfiguration } from '../config/load.ts';
import { findFreePorts } from '../servers/free-ports.ts';
import type { TakenPort } from '../servers/start-error.ts';
import type { Origin } from './configuration.ts';
import type { Servers } from './servers.ts';

interface Remedy {
  readonly message: string;
  /** Of the button that does it. */
  readonly title: string;
  run(): Promise<void>;
}

const host = '127.0.0.1';
const defaultPort = 2121;

/** Another program has a port of the servers: one click takes a free one, where the port is written down. */
export function otherPort(servers: Servers, origin: Origin, taken: TakenPort): Promise<Remedy> {
  return origin.kind === 'env' ? inEnvFile(servers, origin.uri, taken) : inSettings(servers, taken);
}

async function inSettings(servers: Servers, { port }: TakenPort): Promise<Remedy> {
  const settings = vscode.workspace.getConfiguration('splitftp');
  const folders = settings.get<string[]>('storageFolders', []).length || 3;
  const free = await findFreePorts(host, settings.get('port', defaultPort) + 10, folders + 1);
  return {
    message: vscode.l10n.t('Port {0} is in use by another program.', port),
    title: vscode.l10n.t('Use Port {0} Instead', free),
    run: async () => {
      await settings.update('port', free, vscode.ConfigurationTarget.Global);
      await servers.start();
    },
  };
}

async function inEnvFile(servers: Servers, uri: vscode.Uri, { port, variable }: TakenPort): Promise<Remedy> {
  const { coordinator, storageServers } = await loadConfiguration({ envFile: uri.fsPath, environment: {} });
  const others = new Set([coordinator, ...storageServers].map((server) => server.port));
  const free = await findFreePorts(host, port + 10, 1, (one) => !others.has(one));
  return {
    message: vscode.l10n.t('Port {0} ({1}) is in use by another program.', port, variable),
    title: vscode.l10n.t('Use Port {0} Instead', free),
    run: async () => {
      const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
      const changed = withChangedVariable(text, variable, String(free));
      await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(changed));
      await servers.start();
    },
  };
}
