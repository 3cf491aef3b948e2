import type { FinishedPart, SegmentToRepair } from '../catalogue/catalogue.ts';
import type { StorageServer } from '../pool/storage-server.ts';
import {
  CheckContext,
  encodeFooter,
  encodeHeader,
  footerOf,
  SegmentGeometry,
} from '../segments/part-format.ts';
import { PartReader } from '../segments/part-reader.ts';
import { PartWriter } from '../segments/part-writer.ts';
import { writeBlock } from './block-writer.ts';
import type { Budget } from './budget.ts';
import { headerOf } from './rebuilt-header.ts';
import { UpkeepConnections } from './upkeep-connections.ts';

export interface PartCopyOptions {
  readonly pool: string;
  readonly task: SegmentToRepair;
  readonly index: number;
  readonly from: StorageServer;
  readonly to: StorageServer;
  readonly budget: Budget;
  readonly signal: AbortSignal;
}

/**
 * Copies a part to another storage server. Every block is verified on the way, and the copy in the way of each new part.
 * @throws FileSystemError `damaged` when the part is, of another kind when one of the two servers fails
 * @throws YieldedError, the signal's reason
 */
export async function copyPart(options: PartCopyOptions): Promise<FinishedPart> {
  const { pool, task, index, from, to, budget, signal } = options;
  const { segment, sequence } = task;
  const connections = await UpkeepConnections.take([from, to], signal);
  let broken = true;
  try {
    const [source, target] = await Promise.all(connections.lines.map((line) => line.open()));
    if (!source || !target) throw new Error('no places were taken');
    const reader = new PartReader(source, pool, segment, index, 0);
    await reader.check();
    const header = headerOf(pool, task, index, new Map([[index, to.number]]));
    const headerBytes = encodeHeader(header);
    // What fails is thrown by ready() and finish().
    const writer = new PartWriter(target, { pool, segment: segment.id, index }, () => {});
    try {
      writer.push(headerBytes);
      reader.start();
      const geometry = new SegmentGeometry(segment.layout, segment.blockBytes, segment.length);
      const context = new CheckContext(segment.id, index);
      for (let stripe = 0; stripe < geometry.stripes; stripe++) {
        const { chunks, length } = await reader.next();
        await budget.spend(length, connections.signal);
        if (length === 0) continue;
        writeBlock(writer, context, stripe, chunks);
        await writer.ready();
      }
      await reader.end();
      await writer.finish(encodeFooter(footerOf(header, geometry, segment.crc32, sequence)));
    } catch (error) {
      writer.destroy();
      throw error;
    }
    broken = false;
    return { headerBytes: headerBytes.length, bytes: writer.bytes };
  } finally {
    connections.release(broken);
  }
}
