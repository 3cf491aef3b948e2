import { Readable } from 'node:stream';
import { FileSystemError } from '../../ftp/file-system.ts';
import { crashPoint } from '../crash-point.ts';
import type { PoolLine } from '../pool/pool-connections.ts';
import type { BlockMemory } from './block-memory.ts';
import { partPath } from './part-format.ts';

/** Bytes of one part that wait for its storage server before the upload has to wait too: two blocks. */
const bufferBytes = 512 * 1024;

export interface PartPlace {
  readonly pool: string;
  readonly segment: string;
  readonly index: number;
}

/** Where a part is until its last byte is verified, on a server that shows unfinished uploads. */
export function temporaryPartPath(place: PartPlace): string {
  return `${finalPartPath(place)}.partial`;
}

export function finalPartPath({ pool, segment, index }: PartPlace): string {
  const { folder, name } = partPath(pool, segment, index);
  return [...folder, name].join('/');
}

/**
 * Writes one part to its storage server: streams it, or sends a small one at its end in a single line, where the server
 * can take that.
 */
export class PartWriter {
  readonly #line: PoolLine;
  readonly #place: PartPlace;
  readonly #stream: Readable;
  readonly #onFailure: (error: FileSystemError) => void;
  readonly #smallBytes: number;
  /** Blocks of which not all is with the system, in their order. */
  readonly #blocks: BlockMemory[] = [];
  #isSmall = true;
  #stored: Promise<void> | undefined;
  #bytes = 0;
  #error: FileSystemError | undefined;
  #wake: (() => void) | undefined;

  /** @param onFailure called once when the storage server fails before {@link finish} has resolved */
  constructor(line: PoolLine, place: PartPlace, onFailure: (error: FileSystemError) => void) {
    this.#line = line;
    this.#place = place;
    this.#stream = new Readable({ highWaterMark: bufferBytes, read: () => this.#wake?.() });
    this.#onFailure = onFailure;
    this.#smallBytes = line.connection.smallBytes(finalPartPath(place));
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Hands over a block and its check without waiting. It is released when they are with the system. */
  pushBlock(block: BlockMemory): void {
    this.#blocks.push(block);
    this.push(block.whole);
  }

  /** Hands bytes over without waiting; the caller keeps them unchanged. */
  push(chunk: Buffer): void {
    this.#bytes += chunk.length;
    this.#stream.push(chunk);
    if (this.#isSmall && this.#bytes > this.#smallBytes) {
      this.#isSmall = false;
      this.#begin();
    }
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
    if (this.#isSmall) this.#begin();
    const { server, connection } = this.#line;
    try {
      await this.#stored;
      crashPoint('part.stored');
      if (!this.#isSmall) await this.#verify(footer);
      crashPoint('part.verified');
      if (this.#path !== finalPartPath(this.#place)) {
        await connection.rename(this.#path, finalPartPath(this.#place));
      }
      crashPoint('part.named');
    } catch (error) {
      server.doubt(error);
      throw this.#error ?? server.toFileSystemError(error);
    }
  }

  /** @param milliseconds for which a storage server may hold up an upload. @returns for how many this one may */
  patience(milliseconds: number): number {
    return this.#line.server.promptness.patience(milliseconds);
  }

  /** Ends the upload in the middle, since too much waits for it: what goes on with it then rejects. */
  giveUp(): void {
    const { server } = this.#line;
    this.#error ??= new FileSystemError('unavailable', `${server.name} lags behind the others`);
    server.promptness.stoodStill();
    this.destroy();
    this.#wake?.();
  }

  /**
   * A server that stores atomically has the whole part or none. Another one may have kept less than it confirmed: only
   * a file of exactly as many bytes has just the footer from there on.
   */
  async #verify(footer: Buffer): Promise<void> {
    const { connection } = this.#line;
    if (connection.storesAtomically) {
      const size = await connection.size(this.#path);
      if (size !== this.#bytes) throw new Error(`it kept ${size ?? 'none'} of ${this.#bytes} bytes`);
    } else {
      const end = await connection.tail(this.#path, this.#bytes - footer.length);
      if (!end.equals(footer)) throw new Error('it does not give back what it was sent');
    }
  }

  /** Ends the upload in the middle. */
  destroy(): void {
    this.#stream.destroy();
    this.#line.connection.close();
  }

  /** Under which name it is written: where nothing can be renamed, random name and footer have to be enough. */
  get #path(): string {
    const { storesAtomically, renames } = this.#line.connection;
    return storesAtomically || !renames ? finalPartPath(this.#place) : temporaryPartPath(this.#place);
  }

  #begin(): void {
    this.#stored = this.#store();
    this.#stored.catch((error: unknown) => {
      this.#error ??= this.#line.server.toFileSystemError(error);
      this.#wake?.();
      this.#onFailure(this.#error);
    });
  }

  async #store(): Promise<void> {
    const { server, connection } = this.#line;
    try {
      await server.folders.make(connection, partPath(this.#place.pool, this.#place.segment, 0).folder);
      if (this.#isSmall) await connection.put(this.#wholePart(), this.#path);
      else await connection.upload(this.#stream, this.#path, (chunk) => this.#taken(chunk));
    } catch (error) {
      server.doubt(error);
      throw error;
    }
  }

  /** @param chunk one that was pushed, after all before it */
  #taken(chunk: Buffer): void {
    if (this.#blocks[0]?.whole === chunk) this.#blocks.shift()?.release();
  }

  /** Of a small one, when its last byte was handed over. */
  #wholePart(): Buffer {
    const bytes: unknown = this.#stream.read();
    if (!(bytes instanceof Buffer)) throw new Error('the part was given up');
    return bytes;
  }
}
