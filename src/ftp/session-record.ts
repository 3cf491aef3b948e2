import type { Log } from '../log/log.ts';
import type { LoginRefusal } from './access/login-result.ts';
import { replyToError } from './replies.ts';

export interface FileTransfer {
  readonly kind: 'upload' | 'append' | 'download';
  readonly path: string;
}

export interface Moved {
  readonly bytes: number;
  readonly milliseconds: number;
  /** Of the whole file, where it is known. */
  readonly crc32?: string | undefined;
}

/** What may hold a secret, also when it was typed in the wrong place: a password after USER. */
const unloggedArguments: ReadonlySet<string> = new Set(['ACCT', 'PASS', 'USER']);

/** What one session does, as the log tells it: a line per event, and the sums in the last one. */
export class SessionRecord {
  readonly #nobodysLog: Log;
  #log: Log;
  readonly #address: string;
  readonly #since = performance.now();
  readonly #totals = { uploads: 0, bytesUp: 0, downloads: 0, bytesDown: 0, failures: 0 };

  constructor(log: Log, session: string, address: string) {
    this.#nobodysLog = log.child({ session });
    this.#log = this.#nobodysLog;
    this.#address = address;
    this.#log.info({ event: 'connected', address }, 'connected');
  }

  /** For what is no event of its own; its lines have the session's id, and the user. */
  get log(): Log {
    return this.#log;
  }

  loggedIn(user: string): void {
    this.#log = this.#nobodysLog.child({ user });
    this.#log.info({ event: 'login' }, 'logged in');
  }

  /** A name that nobody has is not logged: often it is a password. */
  loginFailed(user: string, reason: LoginRefusal['refused'] | 'throttled'): void {
    const known = reason === 'wrong-password' || reason === 'no-home';
    this.#log.warn(
      { event: 'login-failed', address: this.#address, reason, ...(known && { user }) },
      'login failed',
    );
  }

  /** @param known whether there is such a command: what is none may be a mistyped PASS, or a password alone */
  command(verb: string, argument: string, known: boolean): void {
    if (!known) this.#log.debug({ event: 'command' }, 'not a command');
    else if (unloggedArguments.has(verb)) this.#log.debug({ event: 'command', verb }, 'command');
    else this.#log.debug({ event: 'command', verb, argument: withoutContent(verb, argument) }, 'command');
  }

  /** Something other than the content of a file was changed. */
  changed(
    event: 'delete' | 'mkdir' | 'modified' | 'rename' | 'rmdir',
    fields: Readonly<{ path: string; to?: string; modified?: Date }>,
  ): void {
    this.#log.info({ event, ...fields }, event);
  }

  transferred({ kind, path }: FileTransfer, moved: Moved): void {
    const { bytes, crc32 } = moved;
    if (kind === 'download') {
      this.#totals.downloads++;
      this.#totals.bytesDown += bytes;
    } else {
      this.#totals.uploads++;
      this.#totals.bytesUp += bytes;
    }
    this.#log.info({ event: kind, path, ...speed(moved), crc32 }, `${kind} finished`);
  }

  transferFailed({ kind, path }: FileTransfer, moved: Moved, error: unknown): void {
    this.#totals[kind === 'download' ? 'bytesDown' : 'bytesUp'] += moved.bytes;
    this.#totals.failures++;
    const reply = replyToError(error);
    const fields = { event: `${kind}-failed`, path, ...speed(moved), reason: reply?.text };
    // What the client does is no trouble of the server.
    if (reply && (reply.code === 426 || reply.code >= 500)) this.#log.info(fields, `${kind} failed`);
    else this.#log.warn(reply ? fields : { ...fields, err: error }, `${kind} failed`);
  }

  disconnected(reason: string): void {
    const seconds = Math.round((performance.now() - this.#since) / 100) / 10;
    this.#log.info(
      { event: 'disconnected', address: this.#address, reason, seconds, ...this.#totals },
      'disconnected',
    );
  }
}

/** What a file holds is nothing for a log. */
function withoutContent(verb: string, argument: string): string {
  return verb === 'SITE' ? argument.replace(/^(\s*put) \S+/i, '$1 ...') : argument;
}

function speed({ bytes, milliseconds }: Moved) {
  const mbPerS = milliseconds > 0 ? Math.round(bytes / milliseconds / 10) / 100 : 0;
  return { bytes, ms: Math.round(milliseconds), mbPerS };
}
