import { createPrivateKey, type KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { hostname, networkInterfaces } from 'node:os';
import { dirname, join } from 'node:path';
import { createSecureContext } from 'node:tls';
import type { CertificateFiles } from '../config/configuration.ts';
import type { Fingerprint } from '../config/fingerprint.ts';
import { fingerprintOf } from '../tls/certificate-files.ts';
import type { CertificatePair } from '../tls/generate.ts';
import { StartError } from './start-error.ts';

export interface ServerCertificate extends CertificatePair {
  readonly fingerprint: Fingerprint;
  readonly expires: Date;
}

export interface CertificateSource {
  readonly files: CertificateFiles;
  /** The variables in `.env` that name the two files; without a value there the files are generated when missing. */
  readonly variables: CertificateFiles;
  readonly isGenerated: boolean;
  /** Names and addresses for a generated one, beside those of this machine. */
  readonly hosts: readonly string[];
}

/**
 * The certificate and key of a server, generated on its first start when no files are configured.
 * @throws StartError that names the file and the remedy
 */
export async function serverCertificate(source: CertificateSource): Promise<ServerCertificate> {
  const { files, isGenerated, hosts } = source;
  if (isGenerated && !(await exists(files.certificate))) await generate(files, hosts);
  const certificate = await read(files.certificate, source, 'certificate');
  const key = await read(files.key, source, 'key');
  const parsed = check(certificate, key, source);
  return { certificate, key, fingerprint: fingerprintOf(certificate), expires: parsed.validToDate };
}

function check(certificate: string, key: string, source: CertificateSource): X509Certificate {
  const { files } = source;
  const parsed = attempt(() => new X509Certificate(certificate));
  if (!parsed) throw unusable(source, 'certificate', 'holds no certificate in PEM form');
  const parsedKey = attempt((): KeyObject => createPrivateKey(key));
  if (!parsedKey) {
    const isEncrypted = /ENCRYPTED/.test(key);
    throw unusable(
      source,
      'key',
      isEncrypted ? 'is protected by a passphrase' : 'holds no private key in PEM form',
    );
  }
  if (!parsed.checkPrivateKey(parsedKey)) {
    throw unusable(source, 'key', `is not the key of the certificate ${files.certificate}`);
  }
  const now = new Date();
  if (parsed.validToDate < now)
    throw unusable(source, 'certificate', `has expired on ${parsed.validToDate.toISOString()}`);
  if (parsed.validFromDate > now)
    throw unusable(source, 'certificate', `is valid only from ${parsed.validFromDate.toISOString()} on`);
  try {
    createSecureContext({ cert: certificate, key });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw unusable(source, 'certificate', `is not accepted by this system's TLS (${reason})`);
  }
  return parsed;
}

async function read(path: string, source: CertificateSource, which: keyof CertificateFiles): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : error;
    const reason = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
    throw unusable(source, which, reason);
  }
}

function unusable(
  { files, variables, isGenerated }: CertificateSource,
  which: keyof CertificateFiles,
  reason: string,
): StartError {
  const remedy = isGenerated
    ? `remove the folder ${dirname(files.certificate)}, and a new certificate is generated`
    : `set ${variables.certificate} and ${variables.key} to PEM files of a valid certificate and its key`;
  return new StartError(`The TLS ${which} ${files[which]} (${variables[which]}) ${reason}: ${remedy}.`);
}

/** Writes both files, or none; of two servers that do so at once one wins. */
async function generate({ certificate, key }: CertificateFiles, hosts: readonly string[]): Promise<void> {
  // Only here, since it takes longer to load than all the rest.
  const { generateCertificate } = await import('../tls/generate.ts');
  const pair = await generateCertificate([...hosts.filter((host) => !isWildcard(host)), ...ownHosts()]);
  const folder = dirname(certificate);
  const draft = `${folder}.${randomBytes(6).toString('hex')}`;
  try {
    await mkdir(draft, { recursive: true, mode: 0o700 });
    await write(join(draft, 'key.pem'), pair.key, 0o600);
    await write(join(draft, 'certificate.pem'), pair.certificate, 0o644);
    await rename(draft, folder);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (await exists(key)) return;
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartError(`No TLS certificate can be generated in ${folder} (${reason}): make it writable.`, {
      cause: error,
    });
  }
}

async function write(path: string, text: string, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

function ownHosts(): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  // Link-local ones belong to an interface, which a certificate cannot name.
  const reachable = addresses.filter(({ scopeid }) => !scopeid).map(({ address }) => address);
  return ['localhost', '127.0.0.1', '::1', hostname(), ...reachable].filter((host) => host !== '');
}

function attempt<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
      throw error;
    },
  );
}
