import type { DigestAlgorithm } from '../ftp/digest.ts';
import type { Entry, FileSource, FileSystem, Upload, WriteMode } from '../ftp/file-system.ts';
import type { Log } from '../log/log.ts';
import type { Catalogue } from './catalogue/catalogue.ts';
import type { ClientTraffic } from './client-traffic.ts';
import { crashPoint } from './crash-point.ts';
import { EndingUploads } from './ending-uploads.ts';
import { FileDownload } from './file-download.ts';
import { FileUpload } from './file-upload.ts';
import { freeBytesOfPool } from './pool/free-space.ts';
import type { Pool } from './pool/pool.ts';
import { formatCrc32 } from './segments/crc32.ts';
import type { WritePolicy } from './segments/write-policy.ts';
import type { Collector } from './upkeep/collector.ts';
import type { Leases } from './upkeep/leases.ts';
import type { Place } from './upload-segments.ts';

export interface SplitFileSystemParts {
  readonly catalogue: Catalogue;
  readonly pool: Pool;
  /** For what is written from now on. */
  readonly policy: () => WritePolicy;
  /** Without it the first storage server gets the first part of every segment, and so on. */
  readonly place?: Place;
  readonly leases: Leases;
  readonly collector: Collector;
  /** Is told of every piece that moves. */
  readonly traffic?: ClientTraffic;
  readonly log: Log;
}

/** The pool as one drive: names from the catalogue, bytes from the storage servers. */
export class SplitFileSystem implements FileSystem {
  readonly #parts: SplitFileSystemParts;
  readonly #ending = new EndingUploads();

  constructor(parts: SplitFileSystemParts) {
    this.#parts = parts;
  }

  stat(path: string): Promise<Entry> {
    return this.#parts.catalogue.stat(path);
  }

  list(path: string): Promise<readonly Entry[]> {
    return this.#parts.catalogue.list(path);
  }

  async makeDirectory(path: string): Promise<void> {
    await this.#parts.catalogue.makeDirectory(path);
    crashPoint('folder.made');
    this.#parts.collector.wake(); // It may have taken the place of a partial upload.
  }

  async removeDirectory(path: string): Promise<void> {
    await this.#parts.catalogue.removeDirectory(path);
    crashPoint('folder.removed');
    this.#parts.collector.wake();
  }

  async removeFile(path: string): Promise<void> {
    crashPoint('remove.before');
    await this.#parts.catalogue.removeFile(path);
    crashPoint('remove.done');
    this.#parts.collector.wake();
  }

  async rename(from: string, to: string): Promise<void> {
    crashPoint('rename.before');
    await this.#parts.catalogue.rename(from, to);
    crashPoint('rename.done');
    this.#parts.collector.wake();
  }

  async setModified(path: string, modified: Date): Promise<void> {
    await this.#parts.catalogue.setModified(path, modified);
    crashPoint('time.set');
  }

  async knownDigest(path: string, algorithm: DigestAlgorithm): Promise<string | undefined> {
    const { catalogue } = this.#parts;
    if (algorithm === 'CRC32') return formatCrc32((await catalogue.openFile(path)).crc32);
    return catalogue.digest(path, algorithm);
  }

  /** Who asked for the digest has it, whether it can be kept for the next one or not. */
  async rememberDigest(
    path: string,
    entry: Entry,
    algorithm: DigestAlgorithm,
    digest: string,
  ): Promise<void> {
    const { catalogue, log } = this.#parts;
    try {
      await catalogue.rememberDigest(entry, algorithm, digest);
    } catch (error) {
      log.warn({ err: error, path }, 'a digest could not be remembered');
    }
  }

  async read(path: string, offset: number): Promise<FileSource> {
    const { catalogue, pool, log, leases, traffic } = this.#parts;
    const options = { catalogue, pool, log, onBytes: () => traffic?.note() };
    return FileDownload.open(options, await catalogue.openFile(path), offset, leases);
  }

  /** Where a complete file is, an interrupted upload leaves it as it was; elsewhere its bytes are kept. */
  async write(path: string, mode: WriteMode, signal: AbortSignal): Promise<Upload> {
    const { catalogue, pool, collector, leases, log, traffic } = this.#parts;
    await this.#ending.settled(path);
    const existing = await catalogue.checkUpload(path);
    const policy = this.#parts.policy();
    const servers = this.#serversOfParts(policy);
    await pool.requireReachable(servers, policy.quorum);
    const append = mode === 'append' ? existing : undefined;
    const endLease = leases.take(append ? [append.id] : []);
    const end = this.#ending.begin(path, signal);
    return new FileUpload({
      catalogue,
      pool,
      log,
      path,
      append,
      keepsPartial: !existing?.complete,
      policy,
      place: this.#parts.place ?? (() => servers),
      signal,
      onBytes: () => traffic?.note(),
      onEnd: () => {
        endLease();
        end();
        collector.wake();
      },
    });
  }

  freeBytes(): Promise<number | undefined> {
    const policy = this.#parts.policy();
    return freeBytesOfPool(this.#parts.pool, this.#serversOfParts(policy), policy.layout);
  }

  async partialUpload(path: string): Promise<Entry | undefined> {
    await this.#ending.settled(path);
    return this.#parts.catalogue.statPartial(path);
  }

  /** Where parts may be placed; without a choice by part index. */
  #serversOfParts({ layout }: WritePolicy): number[] {
    const { pool, place } = this.#parts;
    const numbers = pool.servers.map(({ number }) => number);
    return place ? numbers : numbers.slice(0, layout.dataParts + layout.parityParts);
  }
}
