import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import type { RestoredCatalogue } from '../catalogue/restored-catalogue.ts';
import { rootId } from '../catalogue/schema.ts';
import type { SegmentChange } from '../journal/record.ts';
import { isReadFailure } from '../pool/storage-failure.ts';
import type { StorageServer } from '../pool/storage-server.ts';
import { combineCrc32 } from '../segments/crc32.ts';
import {
  checkBytes,
  decodeFooter,
  decodeHeader,
  encodeFooter,
  headerLength,
  type PartFooter,
  PartFormatError,
  type PartHeader,
  SegmentGeometry,
} from '../segments/part-format.ts';
import { finalPartPath } from '../segments/part-writer.ts';
import { type ChainedSegment, chainOfSegments } from '../segments/segment-chain.ts';

/** Longer than any footer. */
const endBytes = 4096;
const frameBytes = 16;

/** Where a part was found. */
export interface PartLocation {
  readonly index: number;
  readonly server: number;
  readonly bytes: number;
}

interface SalvagedSegment extends ChainedSegment {
  readonly header: PartHeader;
  readonly footer: PartFooter;
  readonly locations: readonly PartLocation[];
}

export interface SalvageOptions {
  readonly pool: string;
  readonly server: (number: number) => StorageServer;
  /** Every part that was found is in it. */
  readonly catalogue: RestoredCatalogue;
  readonly onProgress: (message: string) => void;
}

/**
 * Fills the catalogue from the parts alone. What no part tells is lost: renames, removals, times, empty files and folders;
 * files that were removed or replaced of late may be there again.
 */
export async function salvageParts(options: SalvageOptions): Promise<void> {
  const { catalogue, onProgress } = options;
  const files = new Map<string, SalvagedSegment[]>();
  let unreadable = 0;
  for (const { segment, locations } of catalogue.foundSegments()) {
    const salvaged = await readSegment(options, segment, locations);
    if (salvaged) files.set(salvaged.header.file, [...(files.get(salvaged.header.file) ?? []), salvaged]);
    else unreadable += 1;
  }
  if (unreadable > 0) onProgress(`${unreadable} segments have no part that is whole: they are left out`);
  const tree = new FolderTree(catalogue);
  const versions = [...files].map(([id, all]) => ({ id, all, ...chainOfSegments(all) }));
  // The newest of several versions comes first, and so gets the name.
  versions.sort((a, b) => sequenceOf(b.all) - sequenceOf(a.all));
  for (const { id, all, segments, missing } of versions) {
    const path = (segments.at(-1) ?? all.at(-1))?.header.path ?? '';
    if (missing !== undefined) onProgress(`left out, since segment ${missing} is missing: ${path}`);
    else if (!tree.addFile(id, path, segments))
      onProgress(`left out, since there is a newer version: ${path}`);
  }
}

/** Header and footer, from the first part that has them right. */
async function readSegment(
  { pool, server }: SalvageOptions,
  segment: string,
  locations: readonly PartLocation[],
): Promise<SalvagedSegment | undefined> {
  for (const { index, server: number, bytes } of locations) {
    const path = finalPartPath({ pool, segment, index });
    try {
      const start = new StartOfFile();
      // It ends in the middle of a longer part, and with it the connection.
      await server(number)
        .use((connection) => connection.download(start, path, 0))
        .catch((error: unknown) => {
          if (!start.isWhole) throw error;
        });
      const header = decodeHeader(start.bytes);
      const end = await server(number).use((connection) =>
        connection.tail(path, Math.max(0, bytes - endBytes)),
      );
      const footer = decodeFooter(end);
      if (header.segment === segment && footer.segment === segment) {
        const { position } = header;
        const { sequence, length } = footer;
        return { header, footer, locations, position, sequence, length };
      }
    } catch (error) {
      // Of a part that is damaged, or that its disk does not give, another one may tell the same.
      if (!(error instanceof PartFormatError) && !isReadFailure(error))
        throw server(number).toFileSystemError(error);
    }
  }
  return undefined;
}

function sequenceOf(segments: readonly SalvagedSegment[]): number {
  return Math.max(...segments.map(({ footer }) => footer.sequence));
}

/** Makes entries for paths, with the folders that they need. */
class FolderTree {
  readonly #catalogue: RestoredCatalogue;
  /** Ids of folders by path; the root's is empty. */
  readonly #folders = new Map([['', rootId]]);
  readonly #files = new Set<string>();

  constructor(catalogue: RestoredCatalogue) {
    this.#catalogue = catalogue;
    this.#putFolder(rootId, null, '');
  }

  /** @returns false when there is a file of that path already */
  addFile(id: string, path: string, segments: readonly SalvagedSegment[]): boolean {
    if (this.#files.has(path)) return false;
    this.#files.add(path);
    const slash = path.lastIndexOf('/');
    const parent = this.#folder(path.slice(0, slash));
    let size = 0;
    let crc32 = 0;
    const changes = segments.map(({ header, footer, locations }): SegmentChange => {
      const crc = Number.parseInt(footer.crc32, 16);
      crc32 = combineCrc32(crc32, crc, footer.length);
      size += footer.length;
      return {
        change: 'segment',
        id: header.segment,
        sequence: footer.sequence,
        file: id,
        position: header.position,
        length: footer.length,
        crc32: crc,
        layout: header.layout,
        blockBytes: header.blockBytes,
        parts: partsOf(header, footer, locations),
      };
    });
    const modified = Date.parse(segments.at(-1)?.header.written ?? '') || 0;
    // A folder of that name was made for a file below it.
    const name = `${path.slice(slash + 1)}${this.#folders.has(path) ? ' (file)' : ''}`;
    this.#catalogue.apply([
      { change: 'entry', id, parent, name, kind: 'file', size, crc32, modified },
      ...changes,
    ]);
    return true;
  }

  #folder(path: string): string {
    const known = this.#folders.get(path);
    if (known !== undefined) return known;
    const slash = path.lastIndexOf('/');
    const parent = this.#folder(path.slice(0, slash));
    const id = randomBytes(16).toString('hex');
    this.#folders.set(path, id);
    this.#putFolder(id, parent, `${path.slice(slash + 1)}${this.#files.has(path) ? ' (folder)' : ''}`);
    return id;
  }

  #putFolder(id: string, parent: string | null, name: string): void {
    const modified = Date.now();
    this.#catalogue.apply([
      { change: 'entry', id, parent, name, kind: 'directory', size: 0, crc32: 0, modified },
    ]);
  }
}

/** By index; a part that was not found, or has not its right length, has no bytes. */
function partsOf(
  header: PartHeader,
  footer: PartFooter,
  locations: readonly PartLocation[],
): SegmentChange['parts'] {
  const geometry = new SegmentGeometry(header.layout, header.blockBytes, footer.length);
  return header.servers.map((server, index) => {
    const own = encodeFooter({ ...footer, index }).length + bodyBytes(geometry, index);
    const found = locations.find((location) => location.index === index && location.bytes > own + frameBytes);
    return found
      ? { server: found.server, headerBytes: found.bytes - own, bytes: found.bytes }
      : { server, headerBytes: 0, bytes: 0 };
  });
}

/** Of the blocks of a part, with their checks. */
function bodyBytes(geometry: SegmentGeometry, index: number): number {
  if (geometry.stripes === 0) return 0;
  const last = geometry.blockLength(geometry.stripes - 1, index);
  return geometry.stripeOffset(geometry.stripes - 1) + (last > 0 ? last + checkBytes : 0);
}

/** Takes the header of a part, and no more. */
class StartOfFile extends Writable {
  bytes = Buffer.alloc(0);

  get isWhole(): boolean {
    return this.bytes.length >= frameBytes && this.bytes.length >= headerLength(this.bytes);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.bytes = Buffer.concat([this.bytes, chunk]);
    try {
      done(this.isWhole ? new Error('the rest is not wanted') : undefined);
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
