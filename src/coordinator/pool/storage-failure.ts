import { FTPError } from 'basic-ftp';
import { CertificateError } from '../../tls/trust.ts';

const plainInsteadOfTls = 'ERR_SSL_WRONG_VERSION_NUMBER';

/** How a storage server is called in messages, and the number in the names of its variables. */
export interface NamedServer {
  readonly name: string;
  /** Absent while a person is still being asked about the server: there are no variables then. */
  readonly number?: number;
}

/** What went wrong with a storage server, in words for a person, with what to do about it. */
export function describeFailure(server: NamedServer, error: unknown): string {
  if (error instanceof FTPError) return describeReply(server, error);
  const { name } = server;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof CertificateError) return `${name} is not trusted: ${message}`;
  if (message.startsWith("Can't open data connection")) {
    return `${name} lets no data connection in: check its passive ports and the firewall before it`;
  }
  switch (error instanceof Error && 'code' in error ? error.code : undefined) {
    case 'ECONNREFUSED':
      return `${name} is down: nothing listens at that address`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${name} cannot be found: check the host name`;
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `${name} cannot be reached over the network`;
    case plainInsteadOfTls:
      return `${name} does not begin with TLS: ${advice(server, (n) => `set FTP_TLS${n} to explicit`, 'choose explicit TLS')}, or its port for TLS`;
  }
  if (isBrokenOff(error)) return `${name} broke the connection off`;
  return isSilence(error) ? `${name} does not answer` : `${name} failed: ${message}`;
}

/** What to change: a variable of the configuration, or an answer that was given. */
function advice({ number }: NamedServer, ofVariables: (number: number) => string, ofAnswers: string): string {
  return number === undefined ? ofAnswers : ofVariables(number);
}

function describeReply(server: NamedServer, error: FTPError): string {
  const { name } = server;
  const { code } = error;
  const message = error.message.replaceAll(/\s*\n\s*/g, ' '); // Some replies have several lines.
  if (isTooManyConnections(error)) {
    return `${name} accepts no more connections: ${advice(server, (n) => `raise its limit, or set FTP_CONNECTIONS${n} below it`, 'raise its limit, or try again later')}`;
  }
  // vsftpd without TLS answers AUTH TLS with "Please login with USER and PASS."
  if (
    /\b(SSL|TLS|encrypt\w*|cleartext|login with USER)\b/i.test(message) &&
    [421, 503, 522, 530, 534, 550].includes(code)
  ) {
    return `${name} wants another encryption (${message}): ${advice(server, (n) => `set FTP_TLS${n} to explicit, or off`, 'choose explicit TLS, or none')} if it has no TLS`;
  }
  if (/\b(AUTH|SSL|TLS)\b/.test(message) && [500, 502, 504].includes(code)) {
    return `${name} has no TLS (${message}): ${advice(server, (n) => `set FTP_TLS${n} to off`, 'choose no encryption')} if nobody else is on the line`;
  }
  if (/^AUTH\b/.test(message) || [500, 502, 504].includes(code)) {
    return `${name} answered ${message}`;
  }
  if (code === 530)
    return `${name} refuses the login: check ${advice(server, (n) => `FTP_USER${n} and FTP_PASSWORD${n}`, 'the user and the password')}`;
  if (isOutOfSpace(error)) return `${name} is full (${message})`;
  if (isWriteFailure(error)) return `${name} is full, or its disk fails (${message})`;
  return `${name} answered ${message}`;
}

/** RFC 959 has 452 and 552 for it; others say it in words, and some say no more than that writing failed. */
export function isFull(error: unknown): boolean {
  return isOutOfSpace(error) || isWriteFailure(error);
}

function isOutOfSpace(error: unknown): boolean {
  if (!(error instanceof FTPError)) return false;
  const words = /no space|disk (is )?full|quota|insufficient (storage|disk)/i;
  return error.code === 452 || error.code === 552 || words.test(error.message);
}

/** In turn the words of vsftpd, Pure-FTPd, ProFTPD and pyftpdlib for a write to their disk that failed. */
function isWriteFailure(error: unknown): boolean {
  if (!(error instanceof FTPError)) return false;
  const words =
    /writing to local file|during write to file|aborted\. Input\/output error|\bNone; transfer aborted/i;
  return (error.code === 426 || error.code === 451) && words.test(error.message);
}

/** The server has the file, and its disk does not give it, or not all of it; or it is short of something itself. */
export function isReadFailure(error: unknown): boolean {
  if (!(error instanceof FTPError)) return false;
  return [451, 550, 551].includes(error.code) || (error.code === 426 && /input\/output/i.test(error.message));
}

/** The server does not know the name, or the password is wrong. */
export function isLoginRefused(error: unknown): boolean {
  return error instanceof FTPError && error.code === 530 && !isTooManyConnections(error);
}

/** Refused not for the account but for the number of connections, of ours or of everybody. */
export function isTooManyConnections(error: unknown): boolean {
  if (!(error instanceof FTPError)) return false;
  const words = /too many|maximum|max(imal)? (number|clients|connections)|connected users|limit/i;
  return (error.code === 421 || error.code === 530) && words.test(error.message);
}

/**
 * A refusal without the words for it: the connection dropped, or told in plain text where TLS was to begin. With other
 * connections at work that is likelier than any other reason.
 */
export function isRefusedSilently(error: unknown): boolean {
  return (
    isBrokenOff(error) || (error instanceof Error && 'code' in error && error.code === plainInsteadOfTls)
  );
}

/** The connection ended before its time: that says nothing about the server, or about a file on it. */
export function isBrokenOff(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof FTPError) return false;
  const code = 'code' in error ? error.code : undefined;
  return (
    code === 'ECONNRESET' ||
    code === 'EPIPE' ||
    /^(Server (sent FIN|closed)|The server closed)/.test(error.message)
  );
}

/** Nobody answered in time. */
export function isSilence(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('Timeout');
}

/** RFC 959: 550 is "file unavailable (not found, no access)"; which of the two it is, only asking for it tells. */
export function isMissing(error: unknown): boolean {
  return error instanceof FTPError && error.code === 550;
}
