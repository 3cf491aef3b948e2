import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { FileSystemError, type Upload } from '../ftp/file-system.ts';
import type { Log } from '../log/log.ts';
import type { Catalogue, StoredFile, UploadedSegments } from './catalogue/catalogue.ts';
import { crashPoint } from './crash-point.ts';
import type { Pool } from './pool/pool.ts';
import { ByteQueue } from './segments/byte-queue.ts';
import { defaultBlockBytes } from './segments/part-format.ts';
import type { WritePolicy } from './segments/write-policy.ts';
import { describeStored, type Place, UploadSegments } from './upload-segments.ts';

export interface FileUploadOptions {
  readonly catalogue: Catalogue;
  readonly pool: Pool;
  readonly log: Log;
  readonly path: string;
  /** The file or partial upload whose end the bytes continue; undefined for a new version. */
  readonly append: StoredFile | undefined;
  /** Whether what arrives is worth keeping when the upload is interrupted: not where a complete file is. */
  readonly keepsPartial: boolean;
  readonly policy: WritePolicy;
  readonly place: Place;
  readonly signal: AbortSignal;
  /** Bytes have arrived. */
  readonly onBytes?: () => void;
  /** The upload has ended, and there may be parts to remove. */
  readonly onEnd: () => void;
}

/**
 * One file on its way in: the bytes become segments as they arrive, and the catalogue shows them in one
 * transaction at the end (DESIGN, "Committing"). The stream finishes when every part is stored and verified.
 */
export class FileUpload implements Upload {
  readonly stream: Writable;
  readonly #options: FileUploadOptions;
  readonly #id: string;
  readonly #pending = new ByteQueue();
  readonly #stripeBytes: number;
  readonly #segments: UploadSegments;
  #ended = false;

  constructor(options: FileUploadOptions) {
    this.#options = options;
    this.#id = options.append?.id ?? randomBytes(16).toString('hex');
    this.#stripeBytes = options.policy.layout.dataParts * defaultBlockBytes;
    this.#segments = new UploadSegments({
      ...options,
      file: this.#id,
      position: options.append?.segments.length ?? 0,
      onFailure: (error) => this.stream.destroy(error),
    });
    this.stream = new Writable({
      highWaterMark: this.#stripeBytes,
      write: (chunk: Buffer, _encoding, done) => settle(this.#write(chunk), done),
      final: (done) => settle(this.#finish(), done),
    });
  }

  get offset(): number {
    return this.#options.append?.size ?? 0;
  }

  async commit(): Promise<string> {
    const { catalogue, path, signal } = this.#options;
    try {
      if (signal.aborted) throw new FileSystemError('aborted', 'the upload was given up');
      crashPoint('upload.before-commit');
      await catalogue.commitFile(path, this.#uploaded);
      crashPoint('upload.committed');
    } catch (error) {
      await this.abort();
      throw error;
    }
    this.#ended = true;
    this.#options.onEnd();
    return describeStored(this.#segments.finished);
  }

  /** What arrived of a new file is kept as a partial upload, if the storage servers take it. */
  async abort(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    const { catalogue, path, keepsPartial, onEnd, log } = this.#options;
    crashPoint('upload.cut-off');
    if (keepsPartial) await this.#finishEarly();
    this.stream.destroy();
    this.#segments.destroy();
    try {
      if (keepsPartial) await catalogue.suspendUpload(path, this.#uploaded);
      crashPoint('upload.suspended');
    } catch (error) {
      // Its folder may be gone, the catalogue's disk full: then there is nothing to go on with.
      log.warn({ err: error }, 'an interrupted upload could not be kept');
    }
    try {
      await catalogue.abandonSegments(this.#segments.begun);
      crashPoint('upload.abandoned');
    } catch (error) {
      log.error({ err: error }, 'an ended upload stays recorded until the next start');
    }
    onEnd();
  }

  /** Stores the bytes that have arrived, as far as that is possible. */
  async #finishEarly(): Promise<void> {
    try {
      if (!this.stream.writableEnded) this.stream.end();
      await finished(this.stream);
    } catch (error) {
      this.#options.log.debug({ err: error }, 'of an interrupted upload only whole segments are left');
    }
  }

  get #uploaded(): UploadedSegments {
    return { file: this.#id, append: this.#options.append, segments: this.#segments.finished };
  }

  async #write(chunk: Buffer): Promise<void> {
    this.#pending.push(chunk);
    this.#options.onBytes?.();
    while (this.#pending.length >= this.#stripeBytes) await this.#segments.writeStripe(this.#pending);
  }

  async #finish(): Promise<void> {
    if (this.#pending.length > 0) await this.#segments.writeStripe(this.#pending);
    await this.#segments.finish();
  }
}

function settle(work: Promise<void>, done: (error?: Error | null) => void): void {
  work.then(
    () => done(),
    (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
  );
}
