import type { StoredSegment } from '../catalogue/catalogue.ts';
import type { Pool } from '../pool/pool.ts';
import { type PartFailure, PartFailuresError } from './part-failure.ts';
import { type ChosenParts, PartSelection } from './part-selection.ts';
import { type HeldChunks, SegmentReader } from './segment-reader.ts';

export interface SegmentDownloadOptions {
  readonly pool: Pool;
  /** Id of the pool. */
  readonly poolId: string;
  readonly segment: StoredSegment;
  /** Of the first byte wanted, in the segment; less than its length. */
  readonly offset: number;
  /** The segment as it is now, when parts of it may have been repaired or moved; undefined when its file is gone. */
  readonly current: (segment: string) => Promise<StoredSegment | undefined>;
  /** Called for every part that cannot be used, or is too slow. */
  readonly onPartFailure: (segment: StoredSegment, failure: PartFailure) => void;
}

/**
 * The bytes of one segment, from whichever of its parts can be read: a part that fails or lags behind is replaced by
 * another in the middle of the transfer. After a failure all are opened again where they are, rather than one beside those
 * that go on: whoever waits for a connection never holds another one, so that no two readers can wait for each other.
 */
export class SegmentDownload {
  readonly #options: SegmentDownloadOptions;
  readonly #selection: PartSelection;
  #offset: number;
  #reader: SegmentReader | undefined;
  #destroyed = false;

  private constructor(options: SegmentDownloadOptions) {
    this.#options = options;
    this.#selection = new PartSelection(options.segment, options.pool);
    options.pool.recheck(options.segment.parts.map(({ server }) => server));
    this.#offset = options.offset;
  }

  /**
   * Resolves when enough parts are there. @throws FileSystemError `unavailable` or `damaged`, naming the storage
   * servers that are needed
   */
  static async open(options: SegmentDownloadOptions): Promise<SegmentDownload> {
    const download = new SegmentDownload(options);
    await download.#recover(() => download.#open());
    return download;
  }

  /** The next bytes; not to be called after the segment's last. @throws FileSystemError */
  async next(): Promise<HeldChunks> {
    const next = await this.#recover(async () => (await this.#open()).next());
    for (const { length } of next.chunks) this.#offset += length;
    return next;
  }

  /** Whether somebody waits for its connections. */
  get wanted(): boolean {
    return this.#reader?.wanted ?? false;
  }

  /** Ends reading in the middle, also while {@link next} is going on. */
  destroy(): void {
    this.#destroyed = true;
    this.#reader?.destroy();
  }

  async #open(): Promise<SegmentReader> {
    if (this.#reader) return this.#reader;
    const { pool, poolId } = this.#options;
    const offset = this.#offset;
    const onSpareFailure = (failure: PartFailure) => this.#note(failure);
    const parts = await this.#choose(offset);
    const { segment } = this.#selection;
    const reader = await SegmentReader.open({ pool, poolId, segment, offset, ...parts, onSpareFailure });
    if (this.#destroyed) reader.destroy();
    this.#reader = reader;
    return reader;
  }

  /** During a long download parts are repaired, and others lost: before it fails, what is stored now counts. */
  async #choose(offset: number): Promise<ChosenParts> {
    try {
      return this.#selection.choose(offset);
    } catch (error) {
      const current = await this.#options.current(this.#options.segment.id);
      if (!current || !this.#selection.renew(current)) throw error;
      return this.#choose(offset);
    }
  }

  /** Does something again with other parts, as long as there are enough. */
  async #recover<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        this.#reader?.destroy();
        this.#reader = undefined;
        if (!(error instanceof PartFailuresError) || this.#destroyed) throw error;
        for (const failure of error.failures) this.#note(failure);
      }
    }
  }

  #note(failure: PartFailure): void {
    this.#selection.note(failure);
    this.#options.onPartFailure(this.#selection.segment, failure);
  }
}
