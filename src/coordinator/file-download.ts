import { Readable } from 'node:stream';
import { type FileSource, FileSystemError } from '../ftp/file-system.ts';
import type { Log } from '../log/log.ts';
import type { Catalogue, StoredFile } from './catalogue/catalogue.ts';
import { crashPoint } from './crash-point.ts';
import { PauseWatch } from './pause-watch.ts';
import type { Pool } from './pool/pool.ts';
import type { BlockMemory } from './segments/block-memory.ts';
import { SegmentDownload, type SegmentDownloadOptions } from './segments/segment-download.ts';
import type { Leases } from './upkeep/leases.ts';
import { partFailureRecorder } from './upkeep/part-failures.ts';

export interface FileDownloadOptions {
  readonly catalogue: Catalogue;
  readonly pool: Pool;
  readonly log: Log;
  /** Bytes are handed out. */
  readonly onBytes?: () => void;
}

/**
 * A file on its way out, segment after segment. Its parts are kept while it reads, whatever happens to the path. When
 * the client pauses, its connections to the storage servers go to others; it then goes on at its offset.
 */
export class FileDownload extends Readable implements FileSource {
  readonly #options: FileDownloadOptions;
  readonly #parts: Omit<SegmentDownloadOptions, 'segment' | 'offset'>;
  readonly #file: StoredFile;
  readonly #release: () => void;
  readonly #pause = new PauseWatch(
    () => this.#reader?.wanted ?? false,
    () => this.#close(),
  );
  /** The segment that is being read, and how many of its bytes have been. */
  #position = 0;
  #offset: number;
  #reader: SegmentDownload | undefined;
  /** Blocks that were lent and not given back, in their order; undefined while they are given away. */
  #lent: BlockMemory[] | undefined;

  private constructor(options: FileDownloadOptions, file: StoredFile, offset: number, release: () => void) {
    super({ highWaterMark: 1024 * 1024 });
    const { catalogue, pool } = options;
    this.#options = options;
    this.#parts = {
      pool,
      poolId: catalogue.pool,
      current: async (id) => (await catalogue.upkeep.segment(id))?.segment,
      onPartFailure: partFailureRecorder(options),
    };
    this.#file = file;
    this.#offset = offset;
    this.#release = release;
  }

  /**
   * Resolves when the first bytes are on their way, so that what cannot be read fails before any byte is sent.
   * @param offset 0 to the file's size
   * @throws FileSystemError `unavailable` or `damaged`, naming the storage servers
   */
  static async open(
    options: FileDownloadOptions,
    file: StoredFile,
    offset: number,
    leases: Leases,
  ): Promise<FileDownload> {
    const known = file.segments.reduce((sum, { length }) => sum + length, 0);
    if (known !== file.size) {
      throw new FileSystemError('damaged', `the catalogue knows of ${known} of its ${file.size} bytes`);
    }
    const release = leases.take(file.segments.map(({ id }) => id));
    const download = new FileDownload(options, file, offset, release);
    try {
      await download.#openReader();
      crashPoint('download.opened');
      return download;
    } catch (error) {
      release();
      throw error;
    }
  }

  override _read(): void {
    this.#pause.stop();
    this.#next().catch((error: unknown) => {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  }

  lend(): (chunk: Buffer) => void {
    const lent: BlockMemory[] = [];
    this.#lent = lent;
    return (chunk) => {
      if (lent[0]?.content === chunk) lent.shift()?.release();
    };
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#close();
    this.#release();
    done(error);
  }

  async #next(): Promise<void> {
    const reader = await this.#openReader();
    if (!reader || this.destroyed) {
      if (this.destroyed) this.#close();
      else this.push(null);
      return;
    }
    const { chunks, memory } = await reader.next();
    if (this.destroyed) return;
    for (const { length } of chunks) this.#offset += length;
    this.#options.onBytes?.();
    this.#pause.start();
    if (memory) this.#lent?.push(memory);
    for (const chunk of chunks) this.push(chunk);
  }

  /** The reader of the segment that holds the next byte; undefined at the end of the file. */
  async #openReader(): Promise<SegmentDownload | undefined> {
    let segment = this.#file.segments[this.#position];
    while (segment && this.#offset >= segment.length) {
      this.#reader = undefined; // It has ended.
      this.#offset -= segment.length;
      segment = this.#file.segments[++this.#position];
    }
    if (!segment) return undefined;
    this.#reader ??= await SegmentDownload.open({ ...this.#parts, segment, offset: this.#offset });
    return this.#reader;
  }

  #close(): void {
    this.#pause.stop();
    this.#reader?.destroy();
    this.#reader = undefined;
  }
}
