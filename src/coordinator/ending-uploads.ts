import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';

/** Milliseconds for which somebody waits for it: longer than it takes, and no longer than a client would. */
const patience = 3000;

/**
 * Uploads that were given up, until what arrived of them is kept: whoever goes on with one at once, on a connection of
 * his own, must not find less than there is.
 */
export class EndingUploads {
  readonly #byPath = new Map<string, Set<{ readonly signal: AbortSignal; readonly ended: Promise<void> }>>();

  /**
   * @param signal aborts when the upload is given up
   * @returns to be called at its end, however it ended
   */
  begin(path: string, signal: AbortSignal): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    const uploads = this.#byPath.get(path) ?? new Set();
    const upload = { signal, ended: promise };
    this.#byPath.set(path, uploads.add(upload));
    return () => {
      uploads.delete(upload);
      if (uploads.size === 0) this.#byPath.delete(path);
      resolve();
    };
  }

  /**
   * Resolves when none that was given up is left at a path, or after some seconds: a storage server may stand still.
   * Those that go on are not waited for.
   */
  async settled(path: string): Promise<void> {
    if (!this.#byPath.has(path)) return;
    // A data connection that was lost may be seen after the next command on another connection.
    await nextTurn();
    await nextTurn();
    const ending = [...(this.#byPath.get(path) ?? [])].filter(({ signal }) => signal.aborted);
    if (ending.length === 0) return;
    const waited = new AbortController();
    const late = delay(patience, undefined, { signal: waited.signal }).catch(() => undefined); // No longer wanted.
    await Promise.race([Promise.all(ending.map(({ ended }) => ended)), late]);
    waited.abort();
  }
}
