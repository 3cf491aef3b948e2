import { FileSystemError } from '../../ftp/file-system.ts';
import type { PoolLine } from './pool-connections.ts';
import type { StorageServer } from './storage-server.ts';

/** A connection that is being opened; it can be given up, and then goes to others when it comes at last. */
export class Opening {
  readonly server: StorageServer;
  readonly line: Promise<PoolLine>;
  readonly #late = Promise.withResolvers<never>();
  #isLate = false;

  /** @param giveBack of the place that is held for it */
  constructor(server: StorageServer, giveBack: () => void) {
    this.server = server;
    this.line = Promise.race([this.#open(giveBack), this.#late.promise]);
  }

  /** {@link line} rejects now, unless it is there. */
  giveUp(): void {
    this.#isLate = true;
    this.#late.reject(new FileSystemError('unavailable', `${this.server.name} does not answer`));
  }

  async #open(giveBack: () => void): Promise<PoolLine> {
    const { server } = this;
    try {
      const connection = await server.connect();
      if (!this.#isLate) return { server, connection, giveBack };
      server.release(connection);
    } catch (error) {
      giveBack();
      throw server.toFileSystemError(error);
    }
    giveBack();
    throw new FileSystemError('aborted', 'it was given up');
  }
}
