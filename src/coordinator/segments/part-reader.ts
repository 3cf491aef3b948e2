import { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { FileSystemError } from '../../ftp/file-system.ts';
import type { StoredSegment } from '../catalogue/catalogue.ts';
import type { PoolLine } from '../pool/pool-connections.ts';
import type { StorageServer } from '../pool/storage-server.ts';
import { BlockMemory } from './block-memory.ts';
import { ByteQueue } from './byte-queue.ts';
import type { Chunks } from './chunk-runs.ts';
import { CrcShift, crc32, formatCrc32 } from './crc32.ts';
import { DamagedPartError, type PartDamage } from './part-failure.ts';
import {
  CheckContext,
  checkBytes,
  decodeFooter,
  decodeHeader,
  PartFormatError,
  SegmentGeometry,
} from './part-format.ts';
import { finalPartPath } from './part-writer.ts';

/** Verified blocks that wait for the reader before the storage server has to wait. */
const blocksAhead = 2;
/** Bytes of a block at least from which a storage server's pace can be told. */
const telling = 64 * 1024;

/** A block whose check was right. */
export interface VerifiedBlock {
  readonly chunks: Chunks;
  readonly length: number;
  /** Of the content alone. */
  readonly crc32: number;
  /** Of the chunks, held for whoever asked for the block. */
  readonly memory?: BlockMemory;
}

const emptyBlock: VerifiedBlock = { chunks: [], length: 0, crc32: 0 };

/**
 * Reads one part from a stripe on to its end. A block leaves only after its check was right; header (when
 * reading starts at the first stripe) and footer must be those of this part.
 */
export class PartReader {
  readonly #line: PoolLine;
  readonly #segment: StoredSegment;
  readonly #geometry: SegmentGeometry;
  readonly #index: number;
  readonly #pool: string;
  readonly #context: CheckContext;
  readonly #fullBlock: CrcShift;
  readonly #arrived = new ByteQueue();
  readonly #blocks: VerifiedBlock[] = [];
  readonly #sink: Writable;
  readonly #firstStripe: number;
  /** All of a small part, when {@link check} brought it along. */
  #content: Buffer | undefined;
  #headerPending: boolean;
  #stripe: number;
  #received = 0;
  /** Bytes from where reading starts to the end of the part. */
  #expected = 0;
  #isChecked = false;
  #isWhole = false;
  #failure: FileSystemError | undefined;
  #done: Promise<void> | undefined;
  /** Moment ({@link performance.now}) from which the next block could have come. */
  #since: number | undefined;
  #blockTime = 0;
  #arrival = Promise.withResolvers<void>();
  #wakeSink: (() => void) | undefined;

  constructor(line: PoolLine, pool: string, segment: StoredSegment, index: number, firstStripe: number) {
    this.#line = line;
    this.#pool = pool;
    this.#segment = segment;
    this.#geometry = new SegmentGeometry(segment.layout, segment.blockBytes, segment.length);
    this.#index = index;
    this.#context = new CheckContext(segment.id, index);
    this.#fullBlock = new CrcShift(segment.blockBytes);
    this.#headerPending = firstStripe === 0;
    this.#firstStripe = firstStripe;
    this.#stripe = firstStripe;
    this.#sink = new Writable({
      highWaterMark: segment.blockBytes,
      write: (chunk: Buffer, _encoding, done) => this.#receive(chunk, done),
      final: (done) => done(this.#attempt(() => this.#checkEnd())),
    });
  }

  /** Sees that the storage server has the part, whole. @throws FileSystemError `damaged` or `unavailable` */
  async check(): Promise<void> {
    const { server } = this.#line;
    const began = performance.now();
    this.#since = began;
    try {
      const size = await this.#size();
      if (size === undefined) throw this.#damaged('is missing', 'missing');
      if (size !== this.#part.bytes)
        throw this.#damaged(`has ${size} instead of ${this.#part.bytes} bytes`, 'length');
    } catch (error) {
      throw server.toFileSystemError(error);
    }
    this.#isChecked = true;
    this.#since = undefined;
    this.#blockTime = performance.now() - began;
  }

  get server(): StorageServer {
    return this.#line.server;
  }

  get line(): PoolLine {
    return this.#line;
  }

  /** Stripe of the block that {@link next} gives. */
  get position(): number {
    return this.#stripe - this.#blocks.length;
  }

  /** Milliseconds that its last block took, from when it could have come; before the first its {@link check}. */
  get blockTime(): number {
    return this.#blockTime;
  }

  /** Milliseconds for which its next block, or first its {@link check}, could have come; 0 while it is not waited for. */
  get waiting(): number {
    return this.#since === undefined || this.hasBlock ? 0 : performance.now() - this.#since;
  }

  /** Bytes that have come from the storage server. */
  get received(): number {
    return this.#received;
  }

  start(): void {
    const body = this.#geometry.stripeOffset(this.#stripe);
    const offset = this.#headerPending ? 0 : this.#part.headerBytes + body;
    this.#expected = this.#part.bytes - offset;
    this.#since = performance.now();
    this.#done = this.#deliver(offset);
    this.#done.catch((error: unknown) => {
      this.#failure ??= this.#line.server.toFileSystemError(error);
      this.#wakeReader();
    });
  }

  /** Whether {@link check} has found it. */
  get isChecked(): boolean {
    return this.#isChecked;
  }

  get isStarted(): boolean {
    return this.#done !== undefined;
  }

  /** Whether it is further than another one, which is not ready. */
  isAheadOf(other: PartReader): boolean {
    return this.hasBlock || this.position > other.position || (this.isChecked && !other.isChecked);
  }

  /** Whether {@link next} gives a block at once. */
  get hasBlock(): boolean {
    return this.#blocks.length > 0;
  }

  /** Whether its footer has come and was right. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Resolves when there is a block. @throws FileSystemError */
  async ready(): Promise<void> {
    while (this.#blocks.length === 0) {
      if (this.#failure) throw this.#failure;
      await this.#arrival.promise;
    }
  }

  /** The next block, verified. @throws FileSystemError */
  async next(): Promise<VerifiedBlock> {
    await this.ready();
    const block = this.#blocks.shift();
    this.#wakeSink?.();
    if (!block) throw this.#damaged('ended early', 'length');
    return block;
  }

  /**
   * Resolves when the footer was right and the storage server has confirmed, or its connection is gone: after the
   * footer it has nothing to say that matters. @throws FileSystemError
   */
  async end(): Promise<void> {
    try {
      await this.#done;
    } catch (error) {
      if (!this.#isWhole) throw this.#failure ?? this.#line.server.toFileSystemError(error);
    }
  }

  /** Ends reading in the middle. */
  destroy(): void {
    this.#line.connection.close();
  }

  async #size(): Promise<number | undefined> {
    const { connection } = this.#line;
    if (!connection.gets(this.#part.bytes)) return connection.size(this.#path);
    const file = await connection.get(this.#path);
    this.#content = file?.content;
    return file?.size;
  }

  async #deliver(offset: number): Promise<void> {
    const content = this.#content;
    if (!content) return this.#line.connection.download(this.#sink, this.#path, offset);
    this.#sink.end(content.subarray(offset));
    await finished(this.#sink);
  }

  #receive(chunk: Buffer, done: (error?: Error | null) => void): void {
    this.#arrived.push(chunk);
    this.#received += chunk.length;
    const error = this.#attempt(() => this.#takeBlocks());
    this.#wakeReader();
    if (error || this.#blocks.length < blocksAhead) {
      done(error);
      return;
    }
    this.#since = undefined;
    this.#wakeSink = () => {
      if (this.#blocks.length >= blocksAhead) return;
      this.#wakeSink = undefined;
      this.#since = performance.now();
      done();
    };
  }

  #takeBlocks(): void {
    if (this.#headerPending) {
      if (this.#arrived.length < this.#part.headerBytes) return;
      this.#checkHeader(Buffer.concat(this.#arrived.take(this.#part.headerBytes)));
      this.#headerPending = false;
    }
    while (this.#stripe < this.#geometry.stripes) {
      const length = this.#geometry.blockLength(this.#stripe, this.#index);
      if (length > 0 && this.#arrived.length < length + checkBytes) return;
      this.#blocks.push(length > 0 ? this.#takeBlock(length) : emptyBlock);
      this.#measure(length);
      this.#stripe += 1;
    }
  }

  #measure(length: number): void {
    const now = performance.now();
    this.#blockTime = now - (this.#since ?? now);
    this.#since = now;
    // The first one tells more of the way than of the pace.
    if (length >= telling && this.#stripe > this.#firstStripe) {
      this.server.promptness.measured(length, this.#blockTime);
    }
  }

  #takeBlock(length: number): VerifiedBlock {
    const memory = BlockMemory.take(length);
    this.#arrived.moveTo(memory.content);
    const check = Buffer.concat(this.#arrived.take(checkBytes)).readUInt32BE();
    const seed = this.#context.seed(this.#stripe);
    const crc = crc32(memory.content, seed);
    if (crc !== check) throw this.#damaged(`has wrong bytes in stripe ${this.#stripe}`);
    const shift = length === this.#geometry.blockBytes ? this.#fullBlock : new CrcShift(length);
    return { chunks: [memory.content], length, crc32: (shift.apply(seed) ^ crc) >>> 0, memory };
  }

  #checkHeader(bytes: Buffer): void {
    const { pool, segment, index } = decodeHeader(bytes);
    if (pool !== this.#pool || segment !== this.#segment.id || index !== this.#index) {
      throw this.#damaged('is another part');
    }
  }

  #checkEnd(): void {
    // The whole part was there a moment ago: what is short now was cut on its way, which tells nothing of the part.
    if (this.#received < this.#expected) {
      throw new FileSystemError('unavailable', `${this.#line.server.name} broke the connection off`);
    }
    if (this.#stripe < this.#geometry.stripes) throw this.#damaged('ended early', 'length');
    const footer = decodeFooter(Buffer.concat(this.#arrived.take(this.#arrived.length)));
    const { id, length, crc32: crc } = this.#segment;
    if (footer.segment !== id || footer.index !== this.#index || footer.length !== length) {
      throw this.#damaged('is another part');
    }
    if (footer.crc32 !== formatCrc32(crc)) throw this.#damaged('is of another version');
    this.#isWhole = true;
  }

  /** Runs a check; what it throws ends the part. */
  #attempt(check: () => void): FileSystemError | null {
    try {
      check();
      return null;
    } catch (error) {
      this.#failure ??=
        error instanceof PartFormatError
          ? this.#damaged(`is not usable: ${error.message}`)
          : this.#line.server.toFileSystemError(error);
      return this.#failure;
    }
  }

  /** Something has come that whoever waits may want to know. */
  #wakeReader(): void {
    this.#arrival.resolve();
    this.#arrival = Promise.withResolvers();
  }

  get #part() {
    const part = this.#segment.parts[this.#index];
    if (!part) throw new Error(`segment ${this.#segment.id} has no part ${this.#index}`);
    return part;
  }

  get #path(): string {
    return finalPartPath({ pool: this.#pool, segment: this.#segment.id, index: this.#index });
  }

  /** @param damage where it is; without it where reading has come to */
  #damaged(what: string, damage?: PartDamage): DamagedPartError {
    const stripe = Math.min(this.#stripe, this.#geometry.stripes - 1); // Behind the last one there is the footer.
    return new DamagedPartError(
      damage ?? { stripe },
      `part ${this.#index + 1} of the file, on ${this.#line.server.name}, ${what}`,
    );
  }
}
