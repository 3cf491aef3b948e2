import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import { FileSystemError, type Upload } from '../ftp/file-system.ts';
import type { Log } from '../log/log.ts';
import type { Catalogue, FinishedSegment, StoredFile } from './catalogue/catalogue.ts';
import type { PoolConnections } from './pool/pool.ts';
import { ByteQueue } from './segments/byte-queue.ts';
import { defaultBlockBytes, type Layout, maximumSegmentBytes } from './segments/part-format.ts';
import { SegmentWriter } from './segments/segment-writer.ts';

export interface FileUploadOptions {
  readonly catalogue: Catalogue;
  readonly log: Log;
  readonly path: string;
  /** The file whose end the bytes continue; undefined for a new version. */
  readonly append: StoredFile | undefined;
  readonly layout: Layout;
  /** One for each part, by index; the upload gives them back. */
  readonly connections: PoolConnections;
  readonly signal: AbortSignal;
  /** There may be parts to remove. */
  readonly onGarbage: () => void;
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
  readonly #segmentBytes: number;
  readonly #begun: string[] = [];
  readonly #finished: FinishedSegment[] = [];
  #segment: SegmentWriter | undefined;
  #ended = false;

  constructor(options: FileUploadOptions) {
    this.#options = options;
    this.#id = options.append?.id ?? randomBytes(16).toString('hex');
    this.#stripeBytes = options.layout.dataParts * defaultBlockBytes;
    this.#segmentBytes = Math.floor(maximumSegmentBytes / this.#stripeBytes) * this.#stripeBytes;
    this.stream = new Writable({
      highWaterMark: this.#stripeBytes,
      write: (chunk: Buffer, _encoding, done) => settle(this.#write(chunk), done),
      final: (done) => settle(this.#finish(), done),
    });
  }

  async commit(): Promise<string> {
    const { catalogue, path, append, signal, connections, onGarbage } = this.#options;
    try {
      if (signal.aborted) throw new FileSystemError('aborted', 'the upload was given up');
      await catalogue.commitFile(path, { file: this.#id, append, segments: this.#finished });
    } catch (error) {
      await this.abort();
      throw error;
    }
    this.#ended = true;
    const servers = connections.lines.map(({ server }) => server.number).join(', ');
    connections.release();
    onGarbage();
    return this.#finished.length === 0
      ? 'Stored'
      : `Stored in ${connections.lines.length} parts on storage servers ${servers}`;
  }

  async abort(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    const { catalogue, connections, onGarbage, log } = this.#options;
    this.stream.destroy();
    this.#segment?.destroy();
    connections.release();
    try {
      await catalogue.abandonSegments(this.#begun);
    } catch (error) {
      log.error({ err: error }, 'an ended upload stays recorded until the next start');
    }
    onGarbage();
  }

  async #write(chunk: Buffer): Promise<void> {
    this.#pending.push(chunk);
    while (this.#pending.length >= this.#stripeBytes) await this.#writeStripe();
  }

  async #writeStripe(): Promise<void> {
    this.#segment ??= await this.#beginSegment();
    await this.#segment.writeStripe(this.#pending);
    if (this.#segment.length >= this.#segmentBytes) await this.#finishSegment(this.#segment);
  }

  async #finish(): Promise<void> {
    if (this.#pending.length > 0) await this.#writeStripe();
    if (this.#segment) await this.#finishSegment(this.#segment);
  }

  async #beginSegment(): Promise<SegmentWriter> {
    const { catalogue, path, append, layout, connections } = this.#options;
    const id = randomBytes(16).toString('hex');
    const servers = connections.lines.map(({ server }) => server.number);
    const intent = { id, layout, blockBytes: defaultBlockBytes, servers };
    const position = (append?.segments.length ?? 0) + this.#begun.length;
    this.#begun.push(id);
    const sequence = await catalogue.beginSegment(intent);
    if (this.#ended) throw new FileSystemError('aborted', 'the upload was given up');
    return new SegmentWriter(
      {
        version: 1,
        features: [],
        pool: catalogue.pool,
        file: this.#id,
        segment: id,
        position,
        layout,
        servers,
        blockBytes: defaultBlockBytes,
        check: 'crc32',
        cipher: 'none',
        path,
        written: new Date().toISOString(),
      },
      sequence,
      connections.lines,
      (error) => this.stream.destroy(error),
    );
  }

  async #finishSegment(segment: SegmentWriter): Promise<void> {
    this.#finished.push(await segment.finish());
    this.#segment = undefined;
  }
}

function settle(work: Promise<void>, done: (error?: Error | null) => void): void {
  work.then(
    () => done(),
    (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
  );
}
