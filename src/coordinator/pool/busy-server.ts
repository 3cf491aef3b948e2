import { setTimeout as delay } from 'node:timers/promises';
import { FileSystemError } from '../../ftp/file-system.ts';

/** Milliseconds before the first new attempt, doubled with each up to the longest: half a minute in all. */
const firstPause = 50;
const longestPause = 5_000;
const mostAttempts = 13;

/** The server has as many connections as it takes; whoever holds no place of any server may try again. */
export class BusyServerError extends FileSystemError {
  constructor(message: string, cause: unknown) {
    super('unavailable', message, { cause });
  }
}

/**
 * Tries again as long as a server refuses more connections, each time from nothing: the waiting that matters is for a
 * place, of which there are fewer after a refusal.
 * @throws BusyServerError when its connections stay taken, so by others than this coordinator
 */
export async function retryWhileBusy<T>(attempt: () => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof BusyServerError) || attempts === mostAttempts) throw error;
      await delay(Math.min(firstPause * 2 ** (attempts - 1), longestPause), undefined, { ref: false });
    }
  }
}
