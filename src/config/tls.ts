import type { CoordinatorTls, StorageTls } from './configuration.ts';
import { parseFingerprint } from './fingerprint.ts';
import type { VariableReader } from './load.ts';
import { storageTlsVariables, tlsVariables } from './variables.ts';

/** `FTP_TLS` and what belongs to it; without it TLS is required where other machines can connect. */
export function readCoordinatorTls(reader: VariableReader, onLoopback: boolean): CoordinatorTls {
  const names = tlsVariables;
  const mode =
    reader.choice(names.mode, ['off', 'optional', 'required']) ?? (onLoopback ? 'off' : 'required');
  const implicitPort = reader.optional(names.port) === undefined ? undefined : reader.port(names.port, 990);
  const certificate = readCertificate(reader, names);
  const fingerprint = readFingerprint(reader, names.fingerprint);
  if (mode === 'off' && implicitPort !== undefined) {
    reader.problems.push(
      `${names.port} is set, but ${names.mode} is off: write ${names.mode}=optional or required, or remove ${names.port}`,
    );
  }
  return {
    mode,
    ...(implicitPort !== undefined && { implicitPort }),
    ...(certificate && { certificate }),
    ...(fingerprint !== undefined && { fingerprint }),
  };
}

/** `FTP_TLSn` and what belongs to it. */
export function readStorageTls(reader: VariableReader, number: number): StorageTls {
  const names = storageTlsVariables(number);
  const mode = reader.choice(names.mode, ['off', 'explicit', 'implicit']);
  const fingerprint = readFingerprint(reader, names.fingerprint);
  const ca = reader.file(names.ca);
  const certificate = readCertificate(reader, names);
  return {
    mode: mode ?? 'off',
    waived: mode === 'off',
    ...(fingerprint !== undefined && { fingerprint }),
    ...(ca !== undefined && { ca }),
    ...(certificate && { certificate }),
  };
}

export function coordinatorTlsEnvironment(tls: CoordinatorTls): Record<string, string> {
  return {
    [tlsVariables.mode]: tls.mode,
    ...(tls.implicitPort !== undefined && { [tlsVariables.port]: String(tls.implicitPort) }),
    ...certificateEnvironment(tlsVariables, tls),
    ...(tls.fingerprint !== undefined && { [tlsVariables.fingerprint]: tls.fingerprint }),
  };
}

export function storageTlsEnvironment(tls: StorageTls, number: number): Record<string, string> {
  const names = storageTlsVariables(number);
  return {
    ...((tls.mode !== 'off' || tls.waived) && { [names.mode]: tls.mode }),
    ...(tls.fingerprint !== undefined && { [names.fingerprint]: tls.fingerprint }),
    ...(tls.ca !== undefined && { [names.ca]: tls.ca }),
    ...certificateEnvironment(names, tls),
  };
}

/** A port that nobody else may have. */
export function implicitPortOf({ implicitPort }: CoordinatorTls): { variable: string; port: number }[] {
  return implicitPort === undefined ? [] : [{ variable: tlsVariables.port, port: implicitPort }];
}

type CertificateNames = Readonly<Record<'certificate' | 'key', string>>;

function readCertificate(reader: VariableReader, names: CertificateNames): StorageTls['certificate'] {
  const certificate = reader.file(names.certificate);
  const key = reader.file(names.key);
  if (certificate !== undefined && key !== undefined) return { certificate, key };
  if (certificate !== undefined || key !== undefined) {
    const [set, missing] =
      key === undefined ? [names.certificate, names.key] : [names.key, names.certificate];
    reader.problems.push(`${set} is set, but ${missing} is not: set both, or neither`);
  }
  return undefined;
}

function certificateEnvironment(
  names: CertificateNames,
  { certificate }: Pick<StorageTls, 'certificate'>,
): Record<string, string> {
  if (certificate === undefined) return {};
  return { [names.certificate]: certificate.certificate, [names.key]: certificate.key };
}

function readFingerprint(reader: VariableReader, name: string): string | undefined {
  const text = reader.optional(name);
  if (text === undefined) return undefined;
  const fingerprint = parseFingerprint(text);
  if (fingerprint === undefined) {
    reader.problems.push(
      `${name} is not a SHA-256 fingerprint: write its 64 hexadecimal digits, with or without colons`,
    );
  }
  return fingerprint;
}
