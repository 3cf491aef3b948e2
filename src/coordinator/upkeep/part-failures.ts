import type { Log } from '../../log/log.ts';
import type { Catalogue, StoredSegment } from '../catalogue/catalogue.ts';
import type { PartFailure } from '../segments/part-failure.ts';

/**
 * Notes what readers find out about parts: one that is damaged or not there is queued for repair. That its storage
 * server is down or slow tells nothing of a part.
 */
export function partFailureRecorder({
  catalogue,
  log,
}: {
  readonly catalogue: Catalogue;
  readonly log: Log;
}): (segment: StoredSegment, failure: PartFailure) => void {
  return ({ id, parts }, { index, kind, error }) => {
    const server = parts[index]?.server;
    log.warn({ segment: id, index, server, kind }, `a part cannot be read: ${error.message}`);
    if (kind !== 'damaged' || server === undefined) return;
    catalogue.markPartMissing(id, index, server).catch((failure: unknown) => {
      log.error({ err: failure, segment: id, index }, 'a damaged part could not be queued for repair');
    });
  };
}
