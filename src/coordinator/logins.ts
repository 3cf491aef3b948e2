import type { Accounts } from '../accounts/accounts.ts';
import { HomeFileSystem } from '../accounts/home-file-system.ts';
import type { User } from '../accounts/users-file.ts';
import type { FileSystem } from '../ftp/file-system.ts';
import type { Login, LoginResult, SiteCommand } from '../ftp/server.ts';
import type { Log } from '../log/log.ts';
import { parseStatus, parseWhere } from './site-reports.ts';

export interface LoginsParts {
  readonly log: Log;
  readonly accounts: Accounts;
  /** Everything, as the owner sees it. */
  readonly fileSystem: FileSystem;
  /** @param from of a page, if not all is wanted */
  readonly reportStatus: (from: number | undefined) => Promise<string[]>;
  /**
   * @param path in {@link fileSystem}
   * @param from of a page, if not all is wanted
   */
  readonly reportWhere: (path: string, from: number | undefined) => Promise<string[]>;
  /** Further SITE commands, of the owner. */
  readonly ownerSite: ReadonlyMap<string, SiteCommand>;
}

/** Who logs in to the coordinator, and what each of them then sees. */
export class Logins {
  readonly #parts: LoginsParts;
  readonly #owner: Login;

  constructor(parts: LoginsParts) {
    this.#parts = parts;
    this.#owner = {
      fileSystem: parts.fileSystem,
      site: new Map<string, SiteCommand>([
        ...parts.ownerSite,
        ['STATUS', (argument) => parts.reportStatus(parseStatus(argument))],
        [
          'WHERE',
          async (argument, resolve) => {
            const { path, from } = parseWhere(argument);
            return parts.reportWhere(resolve(path), from);
          },
        ],
      ]),
    };
  }

  async login(name: string, password: string): Promise<LoginResult> {
    const identity = await this.#parts.accounts.identify(name, password);
    switch (identity.kind) {
      case 'owner':
        return this.#owner;
      case 'user':
        return this.#userLogin(identity.user);
      case 'nobody':
        return identity;
    }
  }

  /** SITE STATUS is about the whole pool, which is the owner's. */
  async #userLogin({ name, home, readOnly }: User): Promise<LoginResult> {
    let fileSystem: HomeFileSystem;
    try {
      fileSystem = await HomeFileSystem.open(this.#parts.fileSystem, home, readOnly);
    } catch (err) {
      this.#parts.log.error({ err, user: name, home }, 'the home of a user cannot be used');
      return { refused: 'no-home' };
    }
    const where: SiteCommand = async (argument, resolve) => {
      const { path, from } = parseWhere(argument);
      return fileSystem.at(resolve(path), (inner) => this.#parts.reportWhere(inner, from));
    };
    return { fileSystem, site: new Map([['WHERE', where]]) };
  }
}
