/**
 * Connecting to an FTP server over TLS (RFC 4217, or implicit TLS) whose certificate is verified: on the control
 * connection before the user's name is sent, and on every data connection before a byte is.
 */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { isIP, type Socket } from 'node:net';
import {
  type ConnectionOptions,
  connect,
  createSecureContext,
  getCACertificates,
  type SecureContextOptions,
  TLSSocket,
} from 'node:tls';
import type { Client } from 'basic-ftp';
import { type Fingerprint, formatFingerprint, parseFingerprint } from '../config/fingerprint.ts';

/** Which certificate a server may have. Without either of the two: one that a CA of this system has signed. */
export interface Trust {
  /** Exactly this certificate, whoever has signed it, whatever names and dates are in it. */
  readonly fingerprint?: Fingerprint;
  /** Where the fingerprint was found, for messages. */
  readonly origin?: string;
  /** A PEM file: one that it holds, or that a CA in it has signed for the server's name. */
  readonly ca?: string;
}

export interface SecureServer {
  readonly host: string;
  readonly port: number;
  readonly account: { readonly user: string; readonly password: string };
  readonly tls: Trust & { readonly mode: 'off' | 'explicit' | 'implicit' };
}

/** The server's certificate is not the one that it must be. The message says which it is and what to set. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError';
  /** Of the certificate that the server has shown. */
  readonly fingerprint: Fingerprint | undefined;

  constructor(message: string, fingerprint?: Fingerprint) {
    super(message);
    this.fingerprint = fingerprint;
  }
}

/**
 * What `client.access` does, with TLS where the server's mode says so: never less than that, and never with
 * a certificate that is not trusted. The client's own timeout holds for the handshake, too.
 * @param variable where a person sets the fingerprint, for messages: `FTP_TLS_FINGERPRINT1`
 * @throws {CertificateError}
 * @throws {FTPError} the server refuses TLS (AUTH) or the account
 */
export async function accessTrusted(
  client: Client,
  { host, port, account, tls }: SecureServer,
  variable: string,
): Promise<void> {
  const { user, password } = account;
  if (tls.mode === 'off') {
    await client.access({ host, port, user, password });
    return;
  }
  const verify = verifier(`${host}:${port}`, tls, variable);
  const options = await connectionOptions(host, tls);
  if (tls.mode === 'implicit') {
    await client.connectImplicitTLS(host, port, options);
  } else {
    await client.connect(host, port);
    await client.send('AUTH TLS');
    client.ftp.socket = await handshake(client, options);
    client.ftp.tlsOptions = options;
  }
  verify(client.ftp.socket);
  verifiers.set(client, verify);
  guardDataConnections(client, verify);
  // Before the login too, since the user's name may not be ASCII.
  await client.sendIgnoringError('OPTS UTF8 ON');
  await client.login(user, password);
  await client.useDefaultSettings();
}

type Verify = (socket: unknown) => void;

function verifier(name: string, { fingerprint, origin }: Trust, variable: string): Verify {
  return (socket) => {
    const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
    const seen = certificate && parseFingerprint(certificate.fingerprint256);
    if (!(socket instanceof TLSSocket) || seen === undefined) {
      throw new CertificateError(`${name} shows no certificate.`);
    }
    if (fingerprint !== undefined) {
      if (seen === fingerprint) return;
      throw new CertificateError(
        `The certificate of ${name} has the SHA-256 fingerprint ${formatFingerprint(seen)}, but ` +
          `${formatFingerprint(fingerprint)} is expected (${origin ?? variable}): somebody else may be answering ` +
          `there. Only if the server has a new certificate, set ${variable} to the new fingerprint.`,
        seen,
      );
    }
    if (socket.authorized) return;
    throw new CertificateError(
      `The certificate of ${name} is not trusted (${describeReason(socket.authorizationError)}): if the server ` +
        `itself shows the SHA-256 fingerprint ${formatFingerprint(seen)}, set ${variable} to it.`,
      seen,
    );
  };
}

/** OpenSSL's names, such as DEPTH_ZERO_SELF_SIGNED_CERT, in words. */
function describeReason(reason: unknown): string {
  const code = reason instanceof Error ? reason.message : String(reason);
  if (code.includes('SELF_SIGNED')) return 'nobody but itself has signed it';
  if (code.startsWith('UNABLE_TO_')) return 'no known authority has signed it';
  if (code === 'CERT_HAS_EXPIRED') return 'it has expired';
  if (code === 'CERT_NOT_YET_VALID') return 'it is not valid yet';
  if (code.includes('ALTNAME_INVALID')) return 'it is for a server of another name';
  return code;
}

async function connectionOptions(host: string, trust: Trust): Promise<ConnectionOptions> {
  return {
    // TLS sessions are resumed only for the host that they were made with.
    host,
    ...(isIP(host) === 0 && { servername: host }),
    // A refused certificate shall be seen by the verifier, which tells its fingerprint. Node verifies it all the same.
    rejectUnauthorized: false,
    // Made once for all data connections of the session: it may hold hundreds of certificates.
    secureContext: createSecureContext({ minVersion: 'TLSv1.2', ...(await authoritiesOf(trust)) }),
  };
}

async function authoritiesOf({ fingerprint, ca }: Trust): Promise<SecureContextOptions> {
  if (fingerprint !== undefined) return {};
  if (ca !== undefined) return { ca: await readAuthorities(ca), allowPartialTrustChain: true };
  return { ca: [...getCACertificates('default'), ...getCACertificates('system')] };
}

async function readAuthorities(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CertificateError(`The file with the certificates to trust cannot be read: ${reason}.`);
  });
  if (!text.includes('-----BEGIN CERTIFICATE-----')) {
    throw new CertificateError(`There is no certificate in ${file}: it must be a PEM file.`);
  }
  return text;
}

/** Upgrades the control connection. Unlike `client.useTLS`, it ends when the connection does, and in time. */
function handshake(client: Client, options: ConnectionOptions): Promise<TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const raw = client.ftp.socket;
  const socket = connect({ ...options, socket: raw });
  const late = () => reject(new Error('Timeout (TLS handshake)'));
  const closed = () => reject(new Error('The server closed the connection in the TLS handshake.'));
  socket.once('secureConnect', () => resolve(socket));
  socket.on('error', reject);
  socket.once('close', closed);
  raw.once('close', closed);
  if (client.ftp.timeout > 0) socket.setTimeout(client.ftp.timeout, late);
  return promise.then(
    () => {
      socket.setTimeout(0);
      socket.off('timeout', late).off('error', reject).off('close', closed);
      raw.off('close', closed);
      return socket;
    },
    (error: unknown) => {
      socket.destroy();
      throw error;
    },
  );
}

/** How the server of a session must prove who it is; only sessions over TLS are in it. */
const verifiers = new WeakMap<Client, Verify>();

/**
 * TLS on a data connection that the caller has opened, for a session of {@link accessTrusted}: whoever answers there
 * must be the same server. A session without TLS gets its data connection back as it is.
 * @throws {CertificateError} and closes the data connection
 */
export async function secureData(client: Client, raw: Socket): Promise<Socket> {
  const verify = verifiers.get(client);
  const { ftp } = client;
  if (!verify || !(ftp.socket instanceof TLSSocket)) return raw;
  const session = ftp.tlsSessionStore ?? ftp.socket.getSession();
  const socket = connect({ ...ftp.tlsOptions, socket: raw, ...(session && { session }) });
  socket.on('session', (newer) => {
    ftp.tlsSessionStore = newer;
  });
  try {
    await once(socket, 'secureConnect');
    verifyData(socket, verify);
    return socket;
  } catch (error) {
    socket.on('error', () => {}); // Has been said, or follows from it.
    socket.destroy();
    raw.destroy();
    throw error;
  }
}

/** Resuming proves it, too: only the server that was verified has the session's secret, and no certificate comes. */
function verifyData(socket: unknown, verify: Verify): void {
  if (!(socket instanceof TLSSocket && socket.isSessionReused())) verify(socket);
}

/** Whoever answers on the data connection's port must be the same server. */
function guardDataConnections(client: Client, verify: Verify): void {
  let prepare = client.prepareTransfer;
  const guarded: typeof prepare = async (ftp) => {
    const outermost = client.prepareTransfer;
    const reply = await prepare(ftp);
    // With the first transfer basic-ftp puts the way that has worked in place of the one that tries them all.
    if (client.prepareTransfer !== outermost) {
      prepare = client.prepareTransfer;
      client.prepareTransfer = outermost;
    }
    const socket = ftp.dataSocket;
    if (!(socket instanceof TLSSocket))
      throw new TypeError('a data connection without TLS beside one with it');
    // Of a session that is to be resumed the cipher is known before the handshake, and basic-ftp uploads as soon as it
    // is: nothing may be sent before the server is known, and the end of an empty file would end the handshake.
    Object.defineProperty(socket, 'getCipher', { value: () => undefined, configurable: true });
    socket.once('secureConnect', () => {
      Reflect.deleteProperty(socket, 'getCipher');
      try {
        verifyData(socket, verify);
      } catch (error) {
        // A tick later, since basic-ftp begins to pipe in this event and cannot into a destroyed socket; that pipe's
        // first byte comes in the tick after.
        process.nextTick(() => socket.destroy(error instanceof Error ? error : new Error(String(error))));
      }
    });
    return reply;
  };
  client.prepareTransfer = guarded;
}
