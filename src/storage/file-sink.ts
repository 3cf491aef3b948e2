import type { FileHandle } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { toFileSystemError } from './errors.ts';

/** Bytes that gather while a write is under way, to be written at once. */
const gatherBytes = 4_194_304;
/** Bytes after which the disk is set to work, so that little is left to wait for at the end. */
const writeBackBytes = 33_554_432;

/** Writes a stream to an open file, from a position on. The file stays open: its owner closes it. */
export class FileSink extends Writable {
  readonly #file: FileHandle;
  readonly #start: number;
  #position: number;
  #failure: Error | undefined;
  #unsynced = 0;
  #writing: Promise<unknown> | undefined;
  #syncing: Promise<void> | undefined;

  constructor(file: FileHandle, position: number) {
    super({ highWaterMark: gatherBytes });
    this.#file = file;
    this.#start = position;
    this.#position = position;
  }

  /** Bytes written. */
  get bytes(): number {
    return this.#position - this.#start;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#writeAll([chunk], done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#writeAll(
      chunks.map(({ chunk }) => chunk),
      done,
    );
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    void this.idle().then(() => done(error));
  }

  /** Resolves when the system holds no operation on the file any more, so that it can be closed. */
  async idle(): Promise<void> {
    await Promise.allSettled([this.#writing, this.#syncing]);
  }

  /** Resolves when every byte written so far is on the disk. */
  async sync(): Promise<void> {
    await this.#syncing;
    // The system tells of a byte that did not reach the disk only once.
    if (this.#failure) throw this.#failure;
    await this.#file.datasync();
  }

  #writeAll(buffers: Buffer[], done: (error?: Error | null) => void): void {
    const writing = this.#writeBuffers(buffers);
    this.#writing = writing;
    writing.then(
      () => {
        this.#startWriteBack();
        done();
      },
      (error: unknown) => done(asError(toFileSystemError(error))),
    );
  }

  async #writeBuffers(buffers: Buffer[]): Promise<void> {
    let rest = buffers;
    while (rest.length > 0) {
      const { bytesWritten } = await this.#file.writev(rest, this.#position);
      this.#position += bytesWritten;
      this.#unsynced += bytesWritten;
      // A short write happens when the disk is nearly full; the next one says so.
      rest = withoutBytes(rest, bytesWritten);
    }
  }

  /** The disk writes while bytes keep coming. */
  #startWriteBack(): void {
    if (this.#unsynced < writeBackBytes || this.#syncing) return;
    this.#unsynced = 0;
    this.#syncing = this.#file.datasync().catch((error: unknown) => {
      this.#failure = asError(toFileSystemError(error));
      this.destroy(this.#failure);
    });
    void this.#syncing.then(() => {
      this.#syncing = undefined;
    });
  }
}

function withoutBytes(buffers: Buffer[], bytes: number): Buffer[] {
  let skip = bytes;
  let index = 0;
  for (let buffer = buffers[index]; buffer && skip >= buffer.length; buffer = buffers[index]) {
    skip -= buffer.length;
    index++;
  }
  const [first, ...others] = buffers.slice(index);
  return first ? [first.subarray(skip), ...others] : [];
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
