import type { Accounts } from '../accounts/accounts.ts';
import { HomeFileSystem } from '../accounts/home-file-system.ts';
import type { User } from '../accounts/users-file.ts';
import type { FileSystem } from '../ftp/file-system.ts';
import type { Login, LoginResult, SiteCommand } from '../ftp/server.ts';
import { resolvePath } from '../ftp/virtual-path.ts';
import type { Log } from '../log/log.ts';

export interface LoginsParts {
  readonly log: Log;
  readonly accounts: Accounts;
  /** Everything, as the owner sees it. */
  readonly fileSystem: FileSystem;
  readonly reportStatus: () => Promise<string[]>;
  /** @param path in {@link fileSystem} */
  readonly reportWhere: (path: string) => Promise<string[]>;
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
        ['STATUS', parts.reportStatus],
        ['WHERE', (path) => parts.reportWhere(path)],
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
    const where: SiteCommand = (argument) =>
      fileSystem.at(resolvePath('/', argument), (path) => this.#parts.reportWhere(path));
    return { fileSystem, site: new Map([['WHERE', where]]) };
  }
}
