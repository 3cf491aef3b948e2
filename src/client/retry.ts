import { setTimeout as delay } from 'node:timers/promises';
import { LostConnectionError, RemoteError, UnreachableError } from './errors.ts';

/** Milliseconds before each further attempt: a coordinator that is started again needs a moment. */
const usualPauses = [500, 1_500, 4_000];

/** Replies to a transfer whose connection was lost on the way: 421 and 426 (RFC 959, section 4.2.2). */
const lostCodes: ReadonlySet<number> = new Set([421, 426]);

/**
 * Makes a few attempts at a transfer as long as they fail by a lost connection.
 * @throws what the attempt failed of; of several that lost their connection, what the last one said
 */
export async function retryingLost<T>(
  attempt: () => Promise<T>,
  signal: AbortSignal,
  pauses: readonly number[] = usualPauses,
): Promise<T> {
  let lost: unknown;
  for (const pause of pauses) {
    try {
      return await attempt();
    } catch (error) {
      if (isLost(error)) lost = error;
      // It may be on its way back, unless it could not be reached in the first place.
      else if (lost === undefined || !(error instanceof UnreachableError)) throw error;
    }
    await delay(pause, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
  try {
    return await attempt();
  } catch (error) {
    throw error instanceof UnreachableError ? lost : error;
  }
}

function isLost(error: unknown): boolean {
  return error instanceof LostConnectionError || (error instanceof RemoteError && lostCodes.has(error.code));
}
