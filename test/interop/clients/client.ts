/** FTP clients as the tests use them: one interface over programs and packages that others wrote. */

/** `explicit`: AUTH TLS on the ordinary port (RFC 4217). `implicit`: TLS from the first byte on a port of its own. */
export type Security = (typeof securities)[number];

export const securities = ['plain', 'explicit', 'implicit'] as const;

/** A coordinator, as a client reaches it. */
export interface Door {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly security: Security;
  /** The server dials the client for every transfer (PORT, EPRT), as FTP was before firewalls. */
  readonly active: boolean;
  /** PEM of the certificate to trust; there with TLS. */
  readonly certificate: string | undefined;
  /** A folder for what the client itself wants to keep. */
  readonly home: string;
}

/**
 * Paths on the server are absolute; folders on either side exist before something is put into them. Everything
 * rejects when the client says that it failed. What the client has no way to do is absent.
 */
export interface FtpClient {
  upload?(local: string, remote: string): Promise<unknown>;
  download(remote: string, local: string): Promise<unknown>;
  /** Sends what is missing at the end of the file on the server. */
  resumeUpload?(local: string, remote: string): Promise<unknown>;
  /** Gets what is missing at the end of the local file. */
  resumeDownload?(remote: string, local: string): Promise<unknown>;
  /** All files of a folder, in as few sessions as the client needs. */
  uploadAll?(localFolder: string, remoteFolder: string): Promise<unknown>;
  downloadAll(remoteFolder: string, localFolder: string): Promise<unknown>;
  names(folder: string): Promise<string[]>;
  rename?(from: string, to: string): Promise<unknown>;
  remove?(path: string): Promise<unknown>;
  makeFolder?(path: string): Promise<unknown>;
  removeFolder?(path: string): Promise<unknown>;
  setTime?(path: string, time: Date): Promise<unknown>;
}

export type Operation = keyof FtpClient;

/** All there are, as the columns of the table in `docs/interop.md`. */
export const operations = [
  'upload',
  'resumeUpload',
  'uploadAll',
  'download',
  'resumeDownload',
  'downloadAll',
  'names',
  'rename',
  'remove',
  'makeFolder',
  'removeFolder',
  'setTime',
] as const satisfies readonly Operation[];

export interface ClientKind {
  readonly name: string;
  /** As `test/tools.ts` calls it; none for npm's packages, which are always there. */
  readonly tool?: string;
  readonly securities: readonly Security[];
  /** Whether active mode can be chosen. */
  readonly active?: true;
  /** Why this client cannot do an operation; for `docs/interop.md`. */
  readonly cannot?: Readonly<Partial<Record<Operation, string>>>;
  /** What it does only by a command of the protocol that its user must know and type. */
  readonly raw?: readonly Operation[];
  /** Of `odd-names.ts`, why it cannot give a file this name. */
  readonly cannotName?: Readonly<Record<string, string>>;
  /** Of `odd-names.ts`, what it makes of them when it reads a listing, by its own doing. */
  readonly misreads?: Readonly<Record<string, string>>;
  open(door: Door): FtpClient;
}

/** As MFMT, MDTM and SITE UTIME write a time (RFC 3659, section 2.3). */
export function timeValue(time: Date): string {
  return time.toISOString().replaceAll(/[-:T]|\..*$/g, '');
}

export function lines(text: string): string[] {
  return text.split(/\r?\n/).filter((line) => line !== '');
}

/** The last name of a path; clients differ in whether their lists show paths or names. */
export function lastName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The path of an `ftp:` URL; every character that could mean something in it is escaped. */
export function urlPath(path: string): string {
  const escapeName = (name: string) =>
    encodeURIComponent(name).replaceAll(
      /[!'()*~]/g,
      (character) => `%${character.charCodeAt(0).toString(16)}`,
    );
  return path.split('/').map(escapeName).join('/');
}
