import type { Log } from '../../log/log.ts';
import { type Capabilities, describeCapabilities } from './capabilities.ts';
import type { Login } from './login.ts';
import { describeFailure, type NamedServer } from './storage-failure.ts';

/** Milliseconds until what a server could not be asked, since it took no file, is tried again. */
const unprovenInterval = 60_000;

/** What one storage server can do: found out over the first login, and again when there is reason to doubt it. */
export class KnownCapabilities {
  readonly #server: NamedServer;
  readonly #folder: string;
  readonly #log: Log;
  readonly #onFound: (found: Capabilities) => void;
  #known: Capabilities | undefined;
  #outdated = false;
  #probed = 0;
  #probing: Promise<Capabilities> | undefined;

  /** @param folder the pool's, on every storage server */
  constructor(server: NamedServer, folder: string, log: Log, onFound: (found: Capabilities) => void) {
    this.#server = server;
    this.#folder = folder;
    this.#log = log;
    this.#onFound = onFound;
  }

  /** In words. */
  get words(): string[] {
    return this.#known ? describeCapabilities(this.#known) : [];
  }

  /** Whether, as far as is known, a file that is replaced stays until the new one is whole and has its name. */
  get replacesSafely(): boolean {
    return this.#known?.storesAtomically === true || this.#known?.renameReplaces === true;
  }

  /** The next login finds them out again. */
  outdate(): void {
    this.#outdated = true;
  }

  /**
   * Known, or found out over this login; while that goes on, other logins wait for it.
   * @param isDown nobody got a connection since they were found out
   * @throws what ends the connection
   */
  async by(login: Login, isDown: () => boolean): Promise<Capabilities> {
    for (;;) {
      const known = this.#known;
      const proven = known?.unproven === undefined || Date.now() - this.#probed < unprovenInterval;
      if (known && proven && !this.#outdated && !isDown() && login.has(known)) return known;
      if (!this.#probing) break;
      const found = await this.#probing.catch(() => undefined);
      if (found && login.has(found)) return found;
    }
    this.#probing = login.probe(this.#folder);
    try {
      const found = await this.#probing;
      this.#learned(found);
      return found;
    } catch (error) {
      // Without it the next connection has to do: what lies on the server must not wait for a write to it.
      const told = this.#known ?? login.told;
      this.#learned({ ...told, unproven: describeFailure(this.#server, error) });
      throw error;
    } finally {
      this.#probing = undefined;
    }
  }

  #learned(found: Capabilities): void {
    this.#known = found;
    this.#outdated = false;
    this.#probed = Date.now();
    this.#onFound(found);
    const { number, name } = this.#server;
    const can = describeCapabilities(found).join(', ');
    this.#log.debug({ server: number, can, unproven: found.unproven }, `${name} was probed`);
  }
}
