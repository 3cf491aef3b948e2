import { FileSystemError } from '../../ftp/file-system.ts';
import type { StoredSegment } from '../catalogue/catalogue.ts';
import { isReadFailure } from '../pool/storage-failure.ts';
import type { StorageServer } from '../pool/storage-server.ts';
import { DamagedPartError } from '../segments/part-failure.ts';
import { SegmentGeometry } from '../segments/part-format.ts';
import { PartReader } from '../segments/part-reader.ts';
import type { Pace } from './budget.ts';
import { UpkeepConnections } from './upkeep-connections.ts';

/** What looking at every byte of a part has shown. */
export type PartState =
  | { readonly state: 'right' }
  | { readonly state: 'damaged' | 'missing' | 'unreachable'; readonly reason: string };

/** Its storage server has the part, and says that it cannot read it: because of that part, or of something else. */
export interface UnreadablePart {
  readonly state: 'unreadable';
  readonly reason: string;
}

export interface PartCheckOptions {
  readonly pool: string;
  readonly segment: StoredSegment;
  readonly index: number;
  readonly server: StorageServer;
  readonly pace: Pace;
  readonly signal: AbortSignal;
}

/**
 * Reads a part from its first byte to its last: header, the check of every block, footer.
 * @throws YieldedError, the signal's reason
 */
export async function checkPart({
  pool,
  segment,
  index,
  server,
  pace,
  signal,
}: PartCheckOptions): Promise<PartState | UnreadablePart> {
  const connections = await UpkeepConnections.take([server], signal);
  let broken = true;
  try {
    const [line] = await Promise.all(connections.lines.map((each) => each.open()));
    if (!line) throw new Error('no place was taken');
    const reader = new PartReader(line, pool, segment, index, 0);
    await reader.check();
    reader.start();
    const geometry = new SegmentGeometry(segment.layout, segment.blockBytes, segment.length);
    for (let stripe = 0; stripe < geometry.stripes; stripe++) {
      const { length, memory } = await reader.next();
      memory?.release(); // It was verified, and that is all.
      await pace.spend(length, connections.signal);
    }
    await reader.end();
    broken = false;
    return { state: 'right' };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof FileSystemError)) throw error;
    const reason = error.message;
    if (isReadFailure(error.cause)) return { state: 'unreadable', reason };
    if (error.kind !== 'damaged') return { state: 'unreachable', reason };
    server.condition.failedToKeep();
    const isMissing = error instanceof DamagedPartError && error.damage === 'missing';
    return { state: isMissing ? 'missing' : 'damaged', reason };
  } finally {
    connections.release(broken);
  }
}
