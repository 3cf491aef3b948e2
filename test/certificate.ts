import { type CertificatePair, generateCertificate } from '../src/tls/generate.ts';

let generated: Promise<CertificatePair> | undefined;

/** A certificate for this machine, the same for all tests of a file. */
export function testCertificate(): Promise<CertificatePair> {
  generated ??= generateCertificate(['localhost', '127.0.0.1', '::1']);
  return generated;
}
