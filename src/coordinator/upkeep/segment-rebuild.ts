import { FileSystemError } from '../../ftp/file-system.ts';
import type { FinishedPart, SegmentToRepair } from '../catalogue/catalogue.ts';
import { crashPoint } from '../crash-point.ts';
import type { StorageServer } from '../pool/storage-server.ts';
import type { Chunks } from '../segments/chunk-runs.ts';
import { combineCrc32, crc32 } from '../segments/crc32.ts';
import { reconstructBlocks } from '../segments/parity.ts';
import {
  CheckContext,
  encodeFooter,
  encodeHeader,
  footerOf,
  type PartHeader,
  SegmentGeometry,
} from '../segments/part-format.ts';
import type { VerifiedBlock } from '../segments/part-reader.ts';
import { PartWriter } from '../segments/part-writer.ts';
import { BlockSource } from './block-source.ts';
import { writeBlock } from './block-writer.ts';
import type { Budget } from './budget.ts';
import { headerOf } from './rebuilt-header.ts';
import { UpkeepConnections, type UpkeepLine } from './upkeep-connections.ts';

export interface PartSource {
  readonly index: number;
  readonly server: StorageServer;
}

export interface RebuildOptions {
  readonly pool: string;
  readonly task: SegmentToRepair;
  /** The best first; what is behind the first `k` is used where those have wrong blocks. */
  readonly sources: readonly PartSource[];
  /** The parts to make, and where. */
  readonly targets: readonly PartSource[];
  /** Nothing is written: shows whether the sources have what the targets are to be made from. */
  readonly isRehearsal?: boolean;
  readonly budget: Budget;
  readonly signal: AbortSignal;
}

export interface RebuildResult {
  /** By part index: those that are stored and verified. */
  readonly stored: ReadonlyMap<number, FinishedPart>;
  /** By part index: why the others are not, or, in a rehearsal, cannot be. */
  readonly failures: ReadonlyMap<number, FileSystemError>;
  /** By part index: sources that had wrong bytes, or were not there. */
  readonly damaged: ReadonlyMap<number, FileSystemError>;
}

interface Target {
  readonly header: PartHeader;
  readonly headerBytes: number;
  readonly context: CheckContext;
  readonly writer: PartWriter;
}

/**
 * Makes parts of a segment from others, stripe by stripe: from `k` verified blocks of each, whichever parts those are
 * in. What was computed must have the checksum of the whole segment before a part is finished.
 * @throws YieldedError, the signal's reason
 */
export async function rebuildParts(options: RebuildOptions): Promise<RebuildResult> {
  const { sources, targets, isRehearsal = false } = options;
  const places = isRehearsal ? sources : [...sources, ...targets];
  const connections = await UpkeepConnections.take(
    places.map(({ server }) => server),
    options.signal,
  );
  const rebuild = new Rebuild(options, connections);
  let broken = true;
  try {
    const result = await rebuild.run();
    broken = result.failures.size > 0 || result.damaged.size > 0;
    return result;
  } catch (error) {
    if (error instanceof FileSystemError) return rebuild.failed(error);
    throw error;
  } finally {
    rebuild.destroy();
    connections.release(broken);
  }
}

class Rebuild {
  readonly #options: RebuildOptions;
  readonly #connections: UpkeepConnections;
  readonly #targetLines: readonly UpkeepLine[];
  readonly #geometry: SegmentGeometry;
  readonly #sources: readonly BlockSource[];
  readonly #targets = new Map<number, Target>();
  readonly #failures = new Map<number, FileSystemError>();
  #crc = 0;
  #done = false;

  constructor(options: RebuildOptions, connections: UpkeepConnections) {
    const { segment } = options.task;
    this.#options = options;
    this.#connections = connections;
    this.#geometry = new SegmentGeometry(segment.layout, segment.blockBytes, segment.length);
    const lines = connections.lines.slice(0, options.sources.length);
    this.#targetLines = connections.lines.slice(options.sources.length);
    this.#sources = lines.flatMap((line, position) => {
      const index = options.sources[position]?.index;
      return index === undefined ? [] : new BlockSource(line, options.pool, segment, index);
    });
  }

  async run(): Promise<RebuildResult> {
    const { task, targets, budget } = this.#options;
    const { segment, sequence } = task;
    await Promise.all(this.#targetLines.map((line, position) => this.#begin(line, targets[position])));
    for (let stripe = 0; stripe < this.#geometry.stripes; stripe++) {
      const [failure] = this.#failures.values();
      if (this.#targets.size === 0 && failure) throw failure;
      const bytes = this.#geometry.blockLength(stripe, 0) * Math.max(1, this.#targets.size);
      await budget.spend(bytes, this.#connections.signal);
      await this.#rebuildStripe(stripe);
      crashPoint('repair.stripe-written');
      await Promise.all(
        [...this.#targets].map(([index, { writer }]) => this.#attempt(index, () => writer.ready())),
      );
    }
    if (this.#crc !== segment.crc32)
      throw new FileSystemError('damaged', 'what was rebuilt is not what was stored');
    await Promise.all(this.#sources.map((source) => source.end(this.#geometry.stripes)));
    const stored = new Map<number, FinishedPart>();
    await Promise.all(
      [...this.#targets].map(([index, { header, headerBytes, writer }]) =>
        this.#attempt(index, async () => {
          await writer.finish(encodeFooter(footerOf(header, this.#geometry, segment.crc32, sequence)));
          stored.set(index, { headerBytes, bytes: writer.bytes });
        }),
      ),
    );
    this.#done = true;
    return { stored, failures: this.#failures, damaged: this.#damaged };
  }

  /** @param error why there is no part */
  failed(error: FileSystemError): RebuildResult {
    for (const { index } of this.#options.targets) {
      if (!this.#failures.has(index)) this.#failures.set(index, error);
    }
    return { stored: new Map(), failures: this.#failures, damaged: this.#damaged };
  }

  get #damaged(): Map<number, FileSystemError> {
    const damaged = new Map<number, FileSystemError>();
    for (const { index, damage } of this.#sources) if (damage) damaged.set(index, damage);
    return damaged;
  }

  destroy(): void {
    if (this.#done) return;
    for (const { writer } of this.#targets.values()) writer.destroy();
  }

  async #begin(place: UpkeepLine, target: PartSource | undefined): Promise<void> {
    if (!target) return;
    const { index } = target;
    const { pool, task, targets } = this.#options;
    const { segment } = task;
    await this.#attempt(index, async () => {
      const line = await place.open();
      const places = new Map(targets.map((each) => [each.index, each.server.number]));
      const header = headerOf(pool, task, index, places);
      const bytes = encodeHeader(header);
      const fail = (error: FileSystemError) => this.#fail(index, error);
      const writer = new PartWriter(line, { pool, segment: segment.id, index }, fail);
      writer.push(bytes);
      const context = new CheckContext(segment.id, index);
      this.#targets.set(index, { header, headerBytes: bytes.length, context, writer });
    });
  }

  async #rebuildStripe(stripe: number): Promise<void> {
    const { layout } = this.#options.task.segment;
    const verified = await this.#verifiedBlocks(stripe);
    const blocks = new Map<number, Chunks>();
    for (const [index, { chunks }] of verified) blocks.set(index, chunks);
    const data = Array.from({ length: layout.dataParts }, (_, index) => index);
    const wanted = [...new Set([...data, ...this.#targets.keys()])].filter((index) => !blocks.has(index));
    const length = this.#geometry.blockLength(stripe, 0);
    const made = new Map(wanted.map((index) => [index, Buffer.allocUnsafeSlow(length)]));
    reconstructBlocks(layout, blocks, made, length);
    for (const index of data) {
      const known = verified.get(index);
      const own = this.#geometry.blockLength(stripe, index);
      const crc = known ? known.crc32 : crc32(made.get(index)?.subarray(0, own) ?? Buffer.alloc(0));
      this.#crc = combineCrc32(this.#crc, crc, own);
    }
    for (const [index, target] of this.#targets) {
      const own = this.#geometry.blockLength(stripe, index);
      if (own === 0) continue;
      const block = made.get(index)?.subarray(0, own);
      // What is right in the part that is replaced is in the new one as it was.
      writeBlock(target.writer, target.context, stripe, block ? [block] : (blocks.get(index) ?? []));
    }
  }

  /** `k` blocks of a stripe, by part index. */
  async #verifiedBlocks(stripe: number): Promise<Map<number, VerifiedBlock>> {
    const { dataParts } = this.#options.task.segment.layout;
    const blocks = new Map<number, VerifiedBlock>();
    const usable = this.#sources.filter((source) => !source.isExhausted);
    const waiting = [
      ...usable.filter(({ isDoubtful }) => !isDoubtful),
      ...usable.filter(({ isDoubtful }) => isDoubtful),
    ];
    while (blocks.size < dataParts) {
      const next = waiting.splice(0, dataParts - blocks.size);
      if (next.length === 0) throw this.#tooFew(stripe);
      await Promise.all(
        next.map(async (source) => {
          const block = await source.block(stripe);
          if (block) blocks.set(source.index, block);
        }),
      );
    }
    return blocks;
  }

  #tooFew(stripe: number): FileSystemError {
    const failures = this.#sources.flatMap(({ failure }) => failure ?? []);
    const kind = failures.every((failure) => failure.kind === 'damaged') ? 'damaged' : 'unavailable';
    const reasons = [...new Set(failures.map(({ message }) => message))].join('; ');
    return new FileSystemError(kind, `too few blocks of stripe ${stripe} can be had: ${reasons}`);
  }

  /** Work on one target; its failure concerns that target alone. */
  async #attempt(index: number, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof FileSystemError)) throw error;
      this.#fail(index, error);
    }
  }

  #fail(index: number, error: FileSystemError): void {
    if (!this.#failures.has(index)) this.#failures.set(index, error);
    this.#targets.get(index)?.writer.destroy();
    this.#targets.delete(index);
  }
}
