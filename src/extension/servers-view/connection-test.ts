/** Tries out a server before it is used. */
import { l10n } from 'vscode';
import type { StorageServerConfiguration } from '../../config/configuration.ts';
import { describeCapabilities } from '../../coordinator/pool/capabilities.ts';
import { Login } from '../../coordinator/pool/login.ts';
import { describeFailure } from '../../coordinator/pool/storage-failure.ts';
import { CertificateError } from '../../tls/trust.ts';

export type Verdict =
  | { readonly kind: 'works'; readonly can: readonly string[] }
  /** It shows a certificate that nobody known has signed: a person has to compare it. */
  | { readonly kind: 'unknown certificate'; readonly fingerprint: string }
  | { readonly kind: 'fails'; readonly reason: string };

/** Milliseconds in which the server must have answered. */
const patience = 15_000;
/** Where the test's small file is written, and removed again. */
const folder = 'splitftp-test';

/** Logs in, and stores, reads, renames and removes a small file. */
export async function testStorageServer(server: StorageServerConfiguration): Promise<Verdict> {
  const name = `${server.host}:${server.port}`;
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
      return { kind: 'works', can: describeCapabilities(capabilities) };
    } finally {
      login.close();
    }
  } catch (error) {
    if (error instanceof CertificateError && error.fingerprint !== undefined) {
      return { kind: 'unknown certificate', fingerprint: error.fingerprint };
    }
    return { kind: 'fails', reason: describeFailure({ name, number: server.number }, error) };
  }
}
