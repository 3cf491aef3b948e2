/** Where a server's certificate and key lie; clients on the same machine look there for what to expect. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CertificateFiles } from '../config/configuration.ts';
import { type Fingerprint, parseFingerprint } from '../config/fingerprint.ts';

export function coordinatorCertificateFiles({
  folder,
  tls,
}: {
  readonly folder: string;
  readonly tls: { readonly certificate?: CertificateFiles };
}): CertificateFiles {
  return tls.certificate ?? generatedIn(join(folder, 'tls'));
}

/** A storage server's folder is for its parts alone: whoever logs in sees all that is in it. */
export function storageCertificateFiles({
  folder,
  tls,
}: {
  readonly folder: string;
  readonly tls: { readonly certificate?: CertificateFiles };
}): CertificateFiles {
  return tls.certificate ?? generatedIn(`${folder}.tls`);
}

function generatedIn(folder: string): CertificateFiles {
  return { certificate: join(folder, 'certificate.pem'), key: join(folder, 'key.pem') };
}

/** Of the certificate in a file; undefined when there is none that this user can read. */
export async function fingerprintOfFile(path: string): Promise<Fingerprint | undefined> {
  try {
    return fingerprintOf(await readFile(path, 'utf8'));
  } catch {
    return undefined; // The server may be on another machine, or yet to be started for the first time.
  }
}

/** Of the first certificate in a PEM text. @throws Error when there is none */
export function fingerprintOf(pem: string): Fingerprint {
  const fingerprint = parseFingerprint(new X509Certificate(pem).fingerprint256);
  if (fingerprint === undefined) throw new TypeError('a fingerprint that is none');
  return fingerprint;
}
