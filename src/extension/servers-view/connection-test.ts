/** Tries out a server before it is used. */
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { l10n } from 'vscode';
import { SplitClient } from '../../client/split-client.ts';
import type { CoordinatorConfiguration, StorageServerConfiguration } from '../../config/configuration.ts';
import { describeCapabilities } from '../../coordinator/pool/capabilities.ts';
import { Login } from '../../coordinator/pool/login.ts';
import { describeFailure } from '../../coordinator/pool/storage-failure.ts';
import type { CoordinatorReport } from '../../site/reports.ts';
import { CertificateError } from '../../tls/trust.ts';

/** It shows a certificate that nobody known has signed, so that a person has to compare it; or it is of no use. */
type Refusal =
  | { readonly kind: 'unknown certificate'; readonly fingerprint: string }
  | { readonly kind: 'fails'; readonly reason: string };

export type Verdict =
  | {
      readonly kind: 'works';
      readonly can: readonly string[];
      /** Bytes that it says are free. */
      readonly free?: number;
    }
  | Refusal;

export type CoordinatorVerdict = { readonly kind: 'works'; readonly report: CoordinatorReport } | Refusal;

/** Milliseconds in which the server must have answered. */
const patience = 15_000;
/** Where the test's small files are written, and removed again. */
const folder = 'splitftp-test';

/** Logs in, finds out what the server can do, and stores, reads and removes a small file. */
export async function testStorageServer(server: StorageServerConfiguration): Promise<Verdict> {
  const name = nameOf(server);
  try {
    const login = await Login.open(server, patience);
    try {
      const capabilities = await login.probe(folder);
      if (capabilities.unproven !== undefined) {
        return {
          kind: 'fails',
          reason: l10n.t(
            '{0} lets {1} log in, but stores no file: {2}',
            name,
            server.account.user,
            capabilities.unproven,
          ),
        };
      }
      const connection = login.connection(capabilities);
      const path = `${folder}/test`;
      const bytes = randomBytes(1000);
      await connection.makeFolder(folder);
      await connection.upload(Readable.from([bytes], { objectMode: false }), path);
      const read = await connection.tail(path, 0);
      await connection.remove(path);
      await connection.removeEmptyFolder(folder);
      if (!read.equals(bytes)) {
        return { kind: 'fails', reason: l10n.t('{0} gives back other bytes than it was given', name) };
      }
      const free = await connection.freeBytes();
      return { kind: 'works', can: describeCapabilities(capabilities), ...(free !== undefined && { free }) };
    } finally {
      login.close();
    }
  } catch (error) {
    return unknownCertificate(error) ?? { kind: 'fails', reason: describeFailure({ name }, error) };
  }
}

/** Logs in to a coordinator and asks how it is; nothing is written there. */
export async function testCoordinator(coordinator: CoordinatorConfiguration): Promise<CoordinatorVerdict> {
  const client = new SplitClient(coordinator);
  const name = nameOf(coordinator);
  let late = false;
  const deadline = setTimeout(() => {
    late = true;
    client.close();
  }, patience);
  try {
    const report = (await client.status()).find(({ kind }) => kind === 'coordinator');
    if (report?.kind === 'coordinator') return { kind: 'works', report };
    return { kind: 'fails', reason: l10n.t('The server at {0} is not a SplitFTP coordinator', name) };
  } catch (error) {
    if (late) return { kind: 'fails', reason: l10n.t('The coordinator at {0} does not answer', name) };
    const cause = error instanceof Error ? error.cause : undefined;
    return unknownCertificate(cause) ?? { kind: 'fails', reason: describeCoordinatorFailure(name, error) };
  } finally {
    clearTimeout(deadline);
    client.close();
  }
}

function describeCoordinatorFailure(name: string, error: unknown): string {
  const { cause } = error instanceof Error ? error : {};
  // Without a cause it is the client's own word: what answers there is something else.
  if (cause === undefined) return error instanceof Error ? error.message : String(error);
  return describeFailure({ name: l10n.t('The coordinator at {0}', name) }, cause);
}

function unknownCertificate(error: unknown): Refusal | undefined {
  return error instanceof CertificateError && error.fingerprint !== undefined
    ? { kind: 'unknown certificate', fingerprint: error.fingerprint }
    : undefined;
}

function nameOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
