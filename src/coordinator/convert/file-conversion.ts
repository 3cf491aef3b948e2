import type { Log } from '../../log/log.ts';
import type { Catalogue, StoredFile } from '../catalogue/catalogue.ts';
import { FileDownload } from '../file-download.ts';
import type { Pool } from '../pool/pool.ts';
import { ByteQueue } from '../segments/byte-queue.ts';
import { defaultBlockBytes, type Layout } from '../segments/part-format.ts';
import type { WritePolicy } from '../segments/write-policy.ts';
import type { Pace } from '../upkeep/budget.ts';
import type { Leases } from '../upkeep/leases.ts';
import { type Place, UploadSegments } from '../upload-segments.ts';

/**
 * Read, then written as a segment, and so on, where a storage server takes one connection only: to read and to write at
 * the same time, each of the two would wait for the other's after every few blocks.
 */
const alternatingBytes = 32 * 1024 * 1024;

export interface ConversionParts {
  readonly catalogue: Catalogue;
  readonly pool: Pool;
  readonly leases: Leases;
  readonly log: Log;
  readonly policy: WritePolicy;
  readonly place: Place;
  readonly pace: Pace;
}

export function hasLayout({ segments }: StoredFile, { dataParts, parityParts }: Layout): boolean {
  return segments.every(({ layout }) => layout.dataParts === dataParts && layout.parityParts === parityParts);
}

/**
 * Writes the content of a file anew as the policy says, then gives the file those segments in one transaction: it is
 * readable all the time, and who reads it now may finish. A change of the file meanwhile wins.
 * @returns false when it has changed, and so was left as it is
 * @throws FileSystemError when it cannot be read or stored; the file is as it was
 */
export async function convertFile(
  parts: ConversionParts,
  path: string,
  file: StoredFile,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<boolean> {
  const { catalogue, pool, policy, leases, pace } = parts;
  const source = await FileDownload.open(parts, file, 0, leases);
  let failure: unknown;
  const end = (error: unknown) => {
    failure ??= error;
    source.destroy();
  };
  const stop = () => end(signal.reason);
  const segments = new UploadSegments({ ...parts, path, file: file.id, position: 0, onFailure: end });
  const stripeBytes = policy.layout.dataParts * defaultBlockBytes;
  const pending = new ByteQueue();
  signal.addEventListener('abort', stop, { once: true });
  try {
    signal.throwIfAborted();
    for await (const chunk of source) {
      if (failure !== undefined) throw failure;
      pending.push(chunk);
      onBytes(chunk.length);
      await pace.spend(chunk.length, signal);
      const alternates = pool.servers.some(({ places }) => places.most === 1);
      if (alternates && pending.length < alternatingBytes) continue;
      while (pending.length >= stripeBytes) await segments.writeStripe(pending);
      if (alternates) await segments.finish();
    }
    if (failure !== undefined) throw failure;
    while (pending.length > 0) await segments.writeStripe(pending);
    await segments.finish();
    return await catalogue.replaceSegments(file, segments.finished);
  } catch (error) {
    throw failure ?? error; // A source that was ended says no more than that.
  } finally {
    signal.removeEventListener('abort', stop);
    segments.destroy();
    source.destroy();
    await catalogue.abandonSegments(segments.begun);
  }
}
