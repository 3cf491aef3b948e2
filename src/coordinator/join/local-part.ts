import { type FileHandle, open } from 'node:fs/promises';
import { crc32 } from '../segments/crc32.ts';
import {
  CheckContext,
  checkBytes,
  decodeFooter,
  decodeHeader,
  headerLength,
  type PartFooter,
  PartFormatError,
  type PartHeader,
  type SegmentGeometry,
} from '../segments/part-format.ts';

const frameBytes = 16;
/** Longer than any footer. */
const endBytes = 4096;

/** The disk does not give back what says which part it is. */
export class UnreadablePartError extends PartFormatError {}

/** A part file in a local folder. */
export class LocalPart {
  readonly path: string;
  readonly header: PartHeader;
  /** Undefined when the end of the part is damaged or missing. */
  readonly footer: PartFooter | undefined;
  readonly #headerBytes: number;
  #file: FileHandle | undefined;

  private constructor(path: string, header: PartHeader, headerBytes: number, footer: PartFooter | undefined) {
    this.path = path;
    this.header = header;
    this.#headerBytes = headerBytes;
    this.footer = footer;
  }

  /** @throws PartFormatError when it is no part, its header is damaged, or (UnreadablePartError) the disk fails */
  static async read(path: string): Promise<LocalPart> {
    const file = await open(path);
    try {
      const frame = await readAt(file, 0, frameBytes);
      if (frame.length < frameBytes) throw new PartFormatError('it is not a part file');
      const length = headerLength(frame);
      const header = decodeHeader(await readAt(file, 0, length));
      const { size } = await file.stat();
      const footer = await footerIn(file, size, header);
      return new LocalPart(path, header, length, footer);
    } catch (error) {
      if (isDiskFailure(error)) throw new UnreadablePartError('the disk cannot read its header');
      throw error;
    } finally {
      await file.close();
    }
  }

  /** The part's block in that stripe; undefined when it is not there, or not right. */
  async block(stripe: number, geometry: SegmentGeometry): Promise<Buffer | undefined> {
    const { segment, index } = this.header;
    const length = geometry.blockLength(stripe, index);
    if (length === 0) return Buffer.alloc(0);
    this.#file ??= await open(this.path);
    const bytes = await readAt(
      this.#file,
      this.#headerBytes + geometry.stripeOffset(stripe),
      length + checkBytes,
    ).catch((error: unknown) => {
      // A bad sector is as good as a wrong byte.
      if (isDiskFailure(error)) return Buffer.alloc(0);
      throw error;
    });
    if (bytes.length < length + checkBytes) return undefined;
    const block = bytes.subarray(0, length);
    const seed = new CheckContext(segment, index).seed(stripe);
    return crc32(block, seed) === bytes.readUInt32BE(length) ? block : undefined;
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }
}

async function footerIn(file: FileHandle, size: number, header: PartHeader): Promise<PartFooter | undefined> {
  const start = Math.max(0, size - endBytes);
  try {
    const footer = decodeFooter(await readAt(file, start, size - start));
    return footer.segment === header.segment && footer.index === header.index ? footer : undefined;
  } catch (error) {
    if (error instanceof PartFormatError || isDiskFailure(error)) return undefined;
    throw error;
  }
}

function isDiskFailure(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EIO';
}

/** Fewer bytes where the file ends before. */
async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}
