import { isIP } from 'node:net';
import { generate } from 'selfsigned';

export interface CertificatePair {
  /** PEM. */
  readonly certificate: string;
  /** PEM, not encrypted. */
  readonly key: string;
}

const dayMs = 86_400_000;
const years = 10;

/**
 * A certificate that nobody but itself has signed (ECDSA on P-256), good for ten years.
 * @param hosts names and addresses under which the server is reached
 */
export async function generateCertificate(hosts: Iterable<string>): Promise<CertificatePair> {
  const now = Date.now();
  const pair = await generate([{ name: 'commonName', value: 'SplitFTP' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(now - dayMs), // The clients' clocks may be behind.
    notAfterDate: new Date(now + years * 365 * dayMs),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [...new Set(hosts)].map((host) =>
          isIP(host) === 0 ? { type: 2, value: host } : { type: 7, ip: host },
        ),
      },
    ],
  });
  return { certificate: pair.cert, key: pair.private };
}
