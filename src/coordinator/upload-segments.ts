import { randomBytes } from 'node:crypto';
import { FileSystemError } from '../ftp/file-system.ts';
import type { Log } from '../log/log.ts';
import type { Catalogue, FinishedSegment } from './catalogue/catalogue.ts';
import { crashPoint } from './crash-point.ts';
import { PauseWatch } from './pause-watch.ts';
import type { Pool } from './pool/pool.ts';
import type { PoolConnections } from './pool/pool-connections.ts';
import type { ByteQueue } from './segments/byte-queue.ts';
import { defaultBlockBytes, type Layout, maximumSegmentBytes } from './segments/part-format.ts';
import { describeFailures, SegmentWriter, tooFewParts } from './segments/segment-writer.ts';
import type { WritePolicy } from './segments/write-policy.ts';

/** @param segment id. @returns numbers of as many storage servers as the layout has parts, by part index */
export type Place = (segment: string, layout: Layout) => readonly number[];

/** A segment that is stored and verified. */
export interface UploadedSegment extends FinishedSegment {
  /** Of the storage servers, by part index. */
  readonly servers: readonly number[];
  /** Why parts of it are missing. */
  readonly failures: readonly string[];
}

export interface UploadSegmentsOptions {
  readonly catalogue: Catalogue;
  readonly pool: Pool;
  readonly log: Log;
  readonly policy: WritePolicy;
  /** Chooses the storage servers of a segment, by part index. */
  readonly place: Place;
  readonly file: string;
  readonly path: string;
  /** Of the first segment in its file. */
  readonly position: number;
  /** Called when a segment fails, also while nothing is being written. */
  readonly onFailure: (error: Error) => void;
}

interface OpenSegment {
  readonly writer: SegmentWriter;
  readonly connections: PoolConnections;
  readonly servers: readonly number[];
}

/**
 * The segments of one upload, one after the other. Connections to the storage servers are held only while a segment
 * is being written: from its first stripe on, until it has its full length, the upload ends, or the client pauses.
 * Its methods are called one at a time.
 */
export class UploadSegments {
  readonly #options: UploadSegmentsOptions;
  readonly #maximumBytes: number;
  readonly #begun: string[] = [];
  readonly #finished: UploadedSegment[] = [];
  #open: OpenSegment | undefined;
  readonly #pause = new PauseWatch(
    () => this.#open?.connections.wanted ?? false,
    () => this.#yield(),
  );
  #yields = 0;
  /** The end of a segment whose client pauses; if that fails, so does whatever comes after it. */
  #yielding: Promise<void> | undefined;
  #destroyed = false;

  constructor(options: UploadSegmentsOptions) {
    this.#options = options;
    const stripeBytes = options.policy.layout.dataParts * defaultBlockBytes;
    this.#maximumBytes = Math.floor(maximumSegmentBytes / stripeBytes) * stripeBytes;
  }

  /** Ids of all segments whose intents were recorded. */
  get begun(): readonly string[] {
    return this.#begun;
  }

  /** The segments that are stored and verified, in order. */
  get finished(): readonly UploadedSegment[] {
    return this.#finished;
  }

  /** Writes a full stripe, or at the end of the upload what is left of `bytes`. @throws FileSystemError */
  async writeStripe(bytes: ByteQueue): Promise<void> {
    this.#pause.stop();
    await this.#yielding;
    this.#open ??= await this.#begin();
    const { writer } = this.#open;
    await writer.writeStripe(bytes);
    crashPoint('upload.stripe-written');
    if (writer.length >= this.#maximumBytes) await this.finish();
    // With growing patience, so that a slow client cannot cut its file into thousands of segments.
    else this.#pause.start(1 + this.#yields);
  }

  /** Resolves when everything written is in {@link finished}. @throws FileSystemError */
  async finish(): Promise<void> {
    this.#pause.stop();
    await this.#yielding;
    if (!this.#open) return;
    const { pool } = this.#options;
    const { writer, connections, servers } = this.#open;
    const segment = await writer.finish();
    const failures = describeFailures(writer.failures);
    this.#finished.push({ ...segment, servers, failures });
    crashPoint('upload.segment-finished');
    if (failures.length > 0) {
      const { log, path } = this.#options;
      log.warn({ segment: segment.id, path, failures }, 'a segment was stored without some of its parts');
    }
    this.#open = undefined;
    connections.release();
    if (failures.length > 0) pool.recheck(servers);
  }

  /** Gives up what is not finished. */
  destroy(): void {
    this.#destroyed = true;
    this.#pause.stop();
    this.#open?.writer.destroy();
    this.#open?.connections.release();
    this.#open = undefined;
  }

  async #begin(): Promise<OpenSegment> {
    const { catalogue, pool, policy, place, file, path, position, onFailure } = this.#options;
    const { layout, quorum, patience } = policy;
    const id = randomBytes(16).toString('hex');
    const servers = place(id, layout);
    const connections = await pool.connect(servers, {
      needed: quorum,
      patience: {
        enough: quorum,
        milliseconds: patience,
        onGivenUp: (server) => server.promptness.stoodStill(),
      },
    });
    crashPoint('upload.connected');
    try {
      if (this.#destroyed) throw givenUp();
      const refusal = tooFewParts(policy, connections.failures);
      if (refusal) throw refusal;
      const intent = { id, layout, blockBytes: defaultBlockBytes, servers };
      this.#begun.push(id);
      const sequence = await catalogue.beginSegment(intent);
      crashPoint('upload.intent-recorded');
      if (this.#destroyed) throw givenUp();
      const writer = new SegmentWriter(
        {
          version: 1,
          features: [],
          pool: catalogue.pool,
          file,
          segment: id,
          position: position + this.#finished.length,
          layout,
          servers: [...servers],
          blockBytes: defaultBlockBytes,
          check: 'crc32',
          cipher: 'none',
          path,
          written: new Date().toISOString(),
        },
        sequence,
        connections,
        policy,
        onFailure,
      );
      return { writer, connections, servers };
    } catch (error) {
      connections.release();
      throw error;
    }
  }

  #yield(): void {
    this.#yields += 1;
    const done = this.finish().then(() => {
      this.#yielding = undefined;
    });
    done.catch((error: unknown) => {
      this.#options.onFailure(error instanceof Error ? error : new Error(String(error)));
    });
    this.#yielding = done;
  }
}

function givenUp(): FileSystemError {
  return new FileSystemError('aborted', 'the upload was given up');
}

/** What the final 226 says of the segments of one upload. */
export function describeStored(segments: readonly UploadedSegment[]): string {
  const failures = new Set(segments.flatMap((segment) => segment.failures));
  const stored = segments.map(({ parts }) => parts.filter((part) => part.stored).length);
  const [first] = segments;
  if (!first) return 'Stored';
  const servers = [...new Set(segments.flatMap((segment) => segment.servers))].sort((a, b) => a - b);
  return failures.size === 0
    ? `Stored in ${first.parts.length} parts on storage servers ${servers.join(', ')}`
    : `Stored in ${Math.min(...stored)} of ${first.parts.length} parts; the repair is queued: ${[...failures].join('; ')}`;
}
