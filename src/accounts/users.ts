import { stat } from 'node:fs/promises';
import type { Log } from '../log/log.ts';
import { readUsersFile, type User } from './users-file.ts';

/**
 * The accounts of a users file, as it is now: the file is read again when it was changed, so that a running coordinator
 * knows a new user at the next login. A file that was broken meanwhile changes nothing, and the log says so.
 */
export class Users {
  readonly #path: string;
  readonly #log: Log;
  #byName: ReadonlyMap<string, User>;
  /** What told the file that was read last from others. */
  #version: string;
  #reading: Promise<void> | undefined;

  /** @throws UsersFileError */
  static async open(path: string, log: Log): Promise<Users> {
    // Before it is read: a change in between is then noticed at the first login.
    const version = await versionOf(path);
    return new Users(path, log, version, await readUsersFile(path));
  }

  private constructor(path: string, log: Log, version: string, users: readonly User[]) {
    this.#path = path;
    this.#log = log;
    this.#version = version;
    this.#byName = byName(users);
  }

  /** The user with exactly this name. Never rejects. */
  async find(name: string): Promise<User | undefined> {
    this.#reading ??= this.#refresh().finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
    return this.#byName.get(name);
  }

  async #refresh(): Promise<void> {
    const version = await versionOf(this.#path);
    if (version === this.#version) return;
    this.#version = version; // A broken file is told of once, not at every login.
    try {
      const users = await readUsersFile(this.#path);
      this.#byName = byName(users);
      this.#log.info({ event: 'users-read', users: users.length }, 'the users file was read again');
    } catch (err) {
      this.#log.error(
        { event: 'users-broken', err },
        'the users file is broken; the users stay as they were',
      );
    }
  }
}

function byName(users: readonly User[]): ReadonlyMap<string, User> {
  return new Map(users.map((user) => [user.name, user]));
}

/** Differs whenever the file was written or replaced; a file that cannot be looked at has none. */
async function versionOf(path: string): Promise<string> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [ino, size, mtimeNs, ctimeNs].join(' ');
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  }
}
