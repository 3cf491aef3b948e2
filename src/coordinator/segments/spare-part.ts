import { FileSystemError } from '../../ftp/file-system.ts';
import type { StoredSegment } from '../catalogue/catalogue.ts';
import type { PoolLine } from '../pool/pool-connections.ts';
import type { StorageServer } from '../pool/storage-server.ts';
import { PartReader } from './part-reader.ts';

export interface SparePartOptions {
  readonly server: StorageServer;
  /** Id of the pool. */
  readonly poolId: string;
  readonly segment: StoredSegment;
  readonly index: number;
  readonly firstStripe: number;
}

/** A part that is opened beside those that are being read, to take the place of one of them if it is the first. */
export class SparePart {
  readonly index: number;
  readonly #opened: Promise<PartReader>;
  readonly #givenUp = Promise.withResolvers<never>();
  #line: PoolLine | undefined;
  #isWanted = true;

  private constructor(options: SparePartOptions, giveBack: () => void) {
    this.index = options.index;
    this.#givenUp.promise.catch(() => undefined); // Whoever gave it up need not be told.
    this.#opened = Promise.race([this.#open(options, giveBack), this.#givenUp.promise]);
  }

  /**
   * Takes a place among the server's connections only where one is free: whoever waits for a place must hold no other
   * one, so that no two readers can wait for each other.
   * @returns undefined where none is free
   */
  static begin(options: SparePartOptions): SparePart | undefined {
    const giveBack = options.server.places.tryReserve();
    return giveBack && new SparePart(options, giveBack);
  }

  /** Resolves when it has a block, verified. @throws FileSystemError */
  opened(): Promise<PartReader> {
    return this.#opened;
  }

  /** It is not needed, or has failed: {@link opened} rejects at once. */
  giveUp(): void {
    this.#isWanted = false;
    this.#givenUp.reject(new FileSystemError('aborted', 'the spare part is not needed'));
    const line = this.#line;
    this.#line = undefined;
    if (!line) return;
    line.connection.close();
    line.server.release(line.connection);
    line.giveBack();
  }

  async #open(options: SparePartOptions, giveBack: () => void): Promise<PartReader> {
    const { server, poolId, segment, index, firstStripe } = options;
    try {
      const connection = await server.connect();
      if (!this.#isWanted) {
        server.release(connection);
        throw new FileSystemError('aborted', 'the spare part is not needed');
      }
      this.#line = { server, connection, giveBack };
    } catch (error) {
      giveBack();
      throw error;
    }
    const reader = new PartReader(this.#line, poolId, segment, index, firstStripe);
    await reader.check();
    reader.start();
    await reader.ready();
    return reader;
  }
}
