import { FileSystemError } from '../../ftp/file-system.ts';
import type { FinishedSegment } from '../catalogue/catalogue.ts';
import { waitForMost } from '../patience.ts';
import type { PoolConnections } from '../pool/pool-connections.ts';
import { BlockMemory } from './block-memory.ts';
import type { ByteQueue } from './byte-queue.ts';
import { CrcShift, crc32 } from './crc32.ts';
import { encodeParity } from './parity.ts';
import {
  CheckContext,
  encodeFooter,
  encodeHeader,
  footerOf,
  type PartHeader,
  SegmentGeometry,
} from './part-format.ts';
import { PartWriter } from './part-writer.ts';
import type { WritePolicy } from './write-policy.ts';

interface Part {
  readonly header: PartHeader;
  readonly headerBytes: number;
  readonly context: CheckContext;
  /** Undefined when its storage server could not be reached. */
  readonly writer: PartWriter | undefined;
}

/**
 * Splits the bytes of one segment into stripes and streams each block, followed by its check, to its storage server. A
 * server that fails or lags behind loses its part; the segment fails when fewer parts than the quorum are left.
 */
export class SegmentWriter {
  readonly #id: string;
  readonly #sequence: number;
  readonly #policy: WritePolicy;
  readonly #geometry: SegmentGeometry;
  readonly #parts: readonly Part[];
  readonly #failures: Map<number, FileSystemError>;
  readonly #onFailure: (error: FileSystemError) => void;
  readonly #fullBlock: CrcShift;
  #stripe = 0;
  #length = 0;
  #crc = 0;

  /**
   * Starts the parts, their headers first.
   * @param header of every part, without its index
   * @param connections one for each part, by index, as far as there is one
   * @param onFailure called when too few parts are left, also while nothing is being written
   */
  constructor(
    header: Omit<PartHeader, 'index'>,
    sequence: number,
    connections: PoolConnections,
    policy: WritePolicy,
    onFailure: (error: FileSystemError) => void,
  ) {
    this.#id = header.segment;
    this.#sequence = sequence;
    this.#policy = policy;
    this.#geometry = new SegmentGeometry(header.layout, header.blockBytes, 0);
    this.#fullBlock = new CrcShift(header.blockBytes);
    this.#failures = new Map(connections.failures);
    this.#onFailure = onFailure;
    this.#parts = header.servers.map((_, index) => {
      const own = { ...header, index };
      const bytes = encodeHeader(own);
      const line = connections.lines.get(index);
      const place = { pool: header.pool, segment: header.segment, index };
      const writer = line && new PartWriter(line, place, (error) => this.#lose(index, error));
      writer?.push(bytes);
      return { header: own, headerBytes: bytes.length, context: new CheckContext(this.#id, index), writer };
    });
  }

  get length(): number {
    return this.#length;
  }

  /** Why parts are missing, by index. */
  get failures(): ReadonlyMap<number, FileSystemError> {
    return this.#failures;
  }

  /**
   * Writes a full stripe, or at the end of the segment what is left of `bytes`, as the last one.
   * @throws FileSystemError when too few parts are left
   */
  async writeStripe(bytes: ByteQueue): Promise<void> {
    const { layout } = this.#policy;
    const length = Math.min(bytes.length, this.#geometry.stripeBytes);
    const stripe = new SegmentGeometry(layout, this.#geometry.blockBytes, length);
    const blocks = this.#blocksOf(stripe, bytes);
    for (const [index, part] of this.#parts.entries()) {
      const block = blocks[index];
      const blockLength = stripe.blockLength(0, index);
      if (block && blockLength > 0) this.#writeBlock(part, block, blockLength);
    }
    this.#length += length;
    this.#stripe += 1;
    await this.#forAll((writer) => writer.ready());
  }

  /**
   * Resolves when as many parts as can be are stored whole, verified and under their names.
   * @throws FileSystemError when those are too few
   */
  async finish(): Promise<FinishedSegment> {
    const geometry = new SegmentGeometry(this.#policy.layout, this.#geometry.blockBytes, this.#length);
    await this.#forAll((writer, { header }) =>
      writer.finish(encodeFooter(footerOf(header, geometry, this.#crc, this.#sequence))),
    );
    return {
      id: this.#id,
      length: this.#length,
      crc32: this.#crc,
      parts: this.#parts.map(({ headerBytes, writer }, index) =>
        writer && !this.#failures.has(index)
          ? { headerBytes, bytes: writer.bytes, stored: true }
          : { headerBytes: 0, bytes: 0, stored: false },
      ),
    };
  }

  destroy(): void {
    for (const { writer } of this.#parts) writer?.destroy();
  }

  get #isParityWanted(): boolean {
    return this.#parts.some(
      (_, index) => index >= this.#policy.layout.dataParts && !this.#failures.has(index),
    );
  }

  /** A stripe's data blocks, and parity blocks if any are to be written; each held once. */
  #blocksOf(stripe: SegmentGeometry, bytes: ByteQueue): BlockMemory[] {
    const { layout } = this.#policy;
    const lengthOf = (index: number) => stripe.blockLength(0, index);
    const data = Array.from({ length: layout.dataParts }, (_, index) => {
      const block = BlockMemory.take(lengthOf(index));
      bytes.moveTo(block.content);
      return block;
    });
    if (!this.#isParityWanted) return data;
    const length = lengthOf(layout.dataParts);
    const parity = Array.from({ length: layout.parityParts }, () => BlockMemory.take(length));
    encodeParity(
      layout,
      data.map(({ content }) => [content]),
      parity.map(({ content }) => content),
      length,
    );
    return [...data, ...parity];
  }

  #writeBlock({ header, context, writer }: Part, block: BlockMemory, length: number): void {
    const isData = header.index < this.#policy.layout.dataParts;
    const isWritten = writer !== undefined && !this.#failures.has(header.index);
    const seed = context.seed(this.#stripe);
    const check = crc32(block.content, seed);
    block.whole.writeUInt32BE(check, length);
    if (isWritten) writer.pushBlock(block);
    else block.release();
    if (!isData) return;
    // The check covers the block's place too; taken out of it, what is left is the CRC of the content alone.
    const shift = length === this.#geometry.blockBytes ? this.#fullBlock : new CrcShift(length);
    this.#crc = (shift.apply(this.#crc) ^ shift.apply(seed) ^ check) >>> 0;
  }

  /** Does something with every part that is left, and gives up those that keep enough others waiting for too long. */
  async #forAll(work: (writer: PartWriter, part: Part) => Promise<void>): Promise<void> {
    const { quorum, patience } = this.#policy;
    const jobs = [...this.#parts.entries()].flatMap(([index, part]) => {
      const { writer } = part;
      if (!writer || this.#failures.has(index)) return [];
      const done = work(writer, part).catch((error: FileSystemError) => {
        this.#lose(index, error);
        throw error;
      });
      return [{ done, giveUp: () => writer.giveUp(), patience: writer.patience(patience) }];
    });
    await waitForMost(jobs, quorum);
    const failure = this.#tooFew;
    if (failure) throw failure;
  }

  #lose(index: number, error: FileSystemError): void {
    if (this.#failures.has(index)) return;
    this.#failures.set(index, error);
    const failure = this.#tooFew;
    if (failure) this.#onFailure(failure);
  }

  get #tooFew(): FileSystemError | undefined {
    return tooFewParts(this.#policy, this.#failures);
  }
}

/** Why a segment cannot be stored when these of its parts cannot be; undefined when enough are left. */
export function tooFewParts(
  { layout, quorum }: WritePolicy,
  failures: ReadonlyMap<number, FileSystemError>,
): FileSystemError | undefined {
  const parts = layout.dataParts + layout.parityParts;
  const left = parts - failures.size;
  const [first] = failures.values();
  if (!first || left >= quorum) return undefined;
  if (quorum === parts) return first;
  const full = [...failures.values()].find(({ kind }) => kind === 'no-space');
  const reasons = describeFailures(failures).join('; ');
  return new FileSystemError(
    (full ?? first).kind,
    `only ${left} of ${parts} parts can be stored, and ${quorum} are needed: ${reasons}`,
    { cause: full ?? first },
  );
}

/** Why parts are missing, a sentence each, in the order of the parts. */
export function describeFailures(failures: ReadonlyMap<number, FileSystemError>): string[] {
  return [...failures].sort(([a], [b]) => a - b).map(([, { message }]) => message);
}
