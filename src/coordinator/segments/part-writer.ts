import { Readable } from 'node:stream';
import type { FileSystemError } from '../../ftp/file-system.ts';
import type { PoolLine } from '../pool/pool.ts';
import { partPath } from './part-format.ts';

/** Bytes of one part that wait for its storage server before the upload has to wait too: two blocks. */
const bufferBytes = 512 * 1024;

export interface PartPlace {
  readonly pool: string;
  readonly segment: string;
  readonly index: number;
}

/** Where a part is until its last byte is verified. */
export function temporaryPartPath(place: PartPlace): string {
  return `${finalPartPath(place)}.partial`;
}

export function finalPartPath({ pool, segment, index }: PartPlace): string {
  const { folder, name } = partPath(pool, segment, index);
  return [...folder, name].join('/');
}

/** Streams one part to its storage server. */
export class PartWriter {
  readonly #line: PoolLine;
  readonly #place: PartPlace;
  readonly #stream: Readable;
  readonly #stored: Promise<void>;
  #bytes = 0;
  #error: FileSystemError | undefined;
  #wake: (() => void) | undefined;

  /** @param onFailure called once when the storage server fails before {@link finish} has resolved */
  constructor(line: PoolLine, place: PartPlace, onFailure: (error: FileSystemError) => void) {
    this.#line = line;
    this.#place = place;
    this.#stream = new Readable({ highWaterMark: bufferBytes, read: () => this.#wake?.() });
    this.#stored = this.#store();
    this.#stored.catch((error: unknown) => {
      this.#error = line.server.toFileSystemError(error);
      this.#wake?.();
      onFailure(this.#error);
    });
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Hands bytes over without waiting; the caller keeps them unchanged. */
  push(chunk: Buffer): void {
    this.#bytes += chunk.length;
    this.#stream.push(chunk);
  }

  /** Resolves when the storage server has kept up. @throws FileSystemError when it failed */
  async ready(): Promise<void> {
    while (!this.#error && this.#stream.readableLength >= bufferBytes) {
      await new Promise<void>((wake) => {
        this.#wake = wake;
      });
    }
    if (this.#error) throw this.#error;
  }

  /**
   * Ends the part with its footer, sees that the server holds all of it, and gives it its name.
   * @throws FileSystemError
   */
  async finish(footer: Buffer): Promise<void> {
    this.push(footer);
    this.#stream.push(null);
    const { server, connection } = this.#line;
    const temporary = temporaryPartPath(this.#place);
    try {
      await this.#stored;
      const size = await connection.size(temporary);
      if (size !== this.#bytes) throw new Error(`it kept ${size ?? 'none'} of ${this.#bytes} bytes`);
      const end = await connection.tail(temporary, this.#bytes - footer.length);
      if (!end.equals(footer)) throw new Error('it gives other bytes back than it was sent');
      await connection.rename(temporary, finalPartPath(this.#place));
    } catch (error) {
      throw server.toFileSystemError(error);
    }
  }

  /** Ends the upload in the middle. */
  destroy(): void {
    this.#stream.destroy();
    this.#line.connection.close();
  }

  async #store(): Promise<void> {
    const { server, connection } = this.#line;
    try {
      await server.prepareFolder(connection, partPath(this.#place.pool, this.#place.segment, 0).folder);
      await connection.upload(this.#stream, temporaryPartPath(this.#place));
    } catch (error) {
      server.forgetFolders();
      throw error;
    }
  }
}
