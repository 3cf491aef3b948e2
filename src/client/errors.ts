/** No session with the coordinator can be had: nothing further will work until a person acts. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

/** A session ended in the middle of what it did; another one may do better. */
export class LostConnectionError extends Error {
  override readonly name = 'LostConnectionError';
}

/** The coordinator answered with an error: its words, and the reply code (RFC 959, section 4.2). */
export class RemoteError extends Error {
  override readonly name = 'RemoteError';
  readonly code: number;

  constructor(code: number, reply: string, options?: ErrorOptions) {
    super(reply.replaceAll(/^\d{3}[ -]|^ /gm, '').replaceAll('\n', ' '), options);
    this.code = code;
  }
}

const wordsForCodes: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the disk is read-only',
  EMFILE: 'too many files are open',
  ENAMETOOLONG: 'the name is too long',
  ENOTDIR: 'a part of the path is not a folder',
  EISDIR: 'it is a folder',
  EEXIST: 'it exists already',
  EIO: 'the disk failed to read or write it',
  EBUSY: 'it is in use',
  ELOOP: 'it is a link to itself',
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'there is no host of this name',
  EAI_AGAIN: 'the host name cannot be looked up at present',
  EHOSTUNREACH: 'there is no way to this host',
  ENETUNREACH: 'there is no way to this network',
  ETIMEDOUT: 'it does not answer',
  ECONNRESET: 'it closed the connection',
  EPIPE: 'it closed the connection',
};

/** Codes that a socket's error can have, and a file's cannot. */
const connectionCodes: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENETDOWN',
  'ENETRESET',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ENOTCONN',
  'ERR_STREAM_PREMATURE_CLOSE',
]);

/** The code of an error of the operating system, such as `ENOENT`. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Whether an error that passed through several streams began at a socket. */
export function isConnectionError(error: unknown): boolean {
  return connectionCodes.has(systemCode(error) ?? '');
}

/** One sentence for a person, without the codes of the operating system where words are known. */
export function describeError(error: unknown): string {
  const words = wordsForCodes[systemCode(error) ?? ''];
  if (words !== undefined) return words;
  return error instanceof Error ? error.message : String(error);
}
