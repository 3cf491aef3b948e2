import { connect } from 'node:net';
import * as v from 'valibot';
import { type Disposable, l10n } from 'vscode';
import { SplitClient } from '../client/split-client.ts';
import type { Configuration } from '../config/configuration.ts';
import { isLocal } from '../config/loopback.ts';

const patience = 5000;

export function createClient({ coordinator }: Configuration): SplitClient {
  return new SplitClient(coordinator);
}

/** Whether its servers are bundled ones of this machine, and not a coordinator that somebody else runs. */
export function isStartable({ coordinator, storageServers }: Configuration): boolean {
  return isLocal(coordinator) && storageServers.length > 0;
}

/**
 * Looks for the coordinator of a configuration that somebody else started: another window, or `splitftp serve`.
 * @returns a client that is logged in to it, or undefined when there is none, or when what answers there is
 *   not ours or has other storage servers.
 * @throws Error with a sentence for a person where it is ours, and of a version that tells its state otherwise
 */
export async function findRunning(configuration: Configuration): Promise<SplitClient | undefined> {
  const client = createClient(configuration);
  const timeout = setTimeout(() => client.close(), patience);
  try {
    const reports = await client.status();
    const stored = reports.flatMap((report) => (report.kind === 'storage server' ? [report.address] : []));
    const wanted = configuration.storageServers.map(({ host, port }) => `${host}:${port}`);
    // A coordinator on another machine has the storage servers that it has.
    if (wanted.length === 0 || stored.toSorted().join() === wanted.toSorted().join()) return client;
    client.close();
    return undefined;
  } catch (error) {
    client.close();
    // It accepted the account, so it is ours.
    if (error instanceof v.ValiError) throw new Error(otherVersion(configuration), { cause: error });
    // Whatever the reason, nothing that could be used runs there; starting will say what is in the way.
    return undefined;
  } finally {
    clearTimeout(timeout);
  }
}

function otherVersion({ coordinator: { host, port } }: Configuration): string {
  return l10n.t(
    'The servers at {0} are of another version of SplitFTP, which this one does not understand: reload the window that started them, or stop "splitftp serve" there.',
    `${host}:${port}`,
  );
}

/** Whether any program listens on a port of those of these servers that are started here. */
export async function isAnyPortTaken({ coordinator, storageServers }: Configuration): Promise<boolean> {
  const answers = await Promise.all(
    [coordinator, ...storageServers.filter(isLocal)].map(({ host, port }) => accepts(host, port)),
  );
  return answers.includes(true);
}

function accepts(host: string, port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host, port, timeout: patience });
  socket.once('connect', () => resolve(true));
  socket.once('timeout', () => resolve(false));
  socket.once('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}

/**
 * Keeps one idle connection to a server open and tells once when it ends, so that the end of the server is known at
 * once. The server ends it too after some time, since nobody logs in on it: who is told looks again.
 */
export function whenGone(host: string, port: number, gone: () => void): Disposable {
  const socket = connect({ host, port });
  socket.on('error', () => socket.destroy());
  socket.once('close', gone);
  socket.resume();
  return {
    dispose: () => {
      socket.off('close', gone);
      socket.destroy();
    },
  };
}
