import { Readable } from 'node:stream';
import type { StoredFile } from './catalogue/catalogue.ts';
import type { Pool } from './pool/pool.ts';
import { SegmentReader } from './segments/segment-reader.ts';
import type { Leases } from './upkeep/leases.ts';

/** A file on its way out, segment after segment. Its parts are kept while it reads, whatever happens to the path. */
export class FileDownload extends Readable {
  readonly #pool: Pool;
  readonly #poolId: string;
  readonly #file: StoredFile;
  readonly #release: () => void;
  /** Of the next segment to open. */
  #position: number;
  #reader: SegmentReader | undefined;

  private constructor(
    pool: Pool,
    poolId: string,
    file: StoredFile,
    release: () => void,
    start: { position: number; reader: SegmentReader | undefined },
  ) {
    super({ highWaterMark: 1024 * 1024 });
    this.#pool = pool;
    this.#poolId = poolId;
    this.#file = file;
    this.#release = release;
    this.#position = start.position;
    this.#reader = start.reader;
  }

  /**
   * Resolves when the first bytes are on their way, so that what cannot be read fails before any byte is sent.
   * @param offset 0 to the file's size
   * @throws FileSystemError `unavailable` or `damaged`, naming the storage server
   */
  static async open(
    pool: Pool,
    poolId: string,
    file: StoredFile,
    offset: number,
    leases: Leases,
  ): Promise<FileDownload> {
    const release = leases.take(file.segments.map(({ id }) => id));
    try {
      let position = 0;
      let rest = offset;
      let segment = file.segments[position];
      while (segment && rest >= segment.length) {
        rest -= segment.length;
        segment = file.segments[++position];
      }
      const reader = segment && (await SegmentReader.open(pool, poolId, segment, rest));
      return new FileDownload(pool, poolId, file, release, { position: position + 1, reader });
    } catch (error) {
      release();
      throw error;
    }
  }

  override _read(): void {
    this.#next().catch((error: unknown) => {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#reader?.destroy();
    this.#reader = undefined;
    this.#release();
    done(error);
  }

  async #next(): Promise<void> {
    while (!this.destroyed) {
      const bytes = await this.#reader?.next();
      if (this.destroyed) return;
      if (bytes) {
        for (const chunk of bytes) this.push(chunk);
        return;
      }
      this.#reader = undefined;
      const segment = this.#file.segments[this.#position++];
      if (!segment) {
        this.push(null);
        return;
      }
      const reader = await SegmentReader.open(this.#pool, this.#poolId, segment, 0);
      if (this.destroyed) reader.destroy();
      else this.#reader = reader;
    }
  }
}
