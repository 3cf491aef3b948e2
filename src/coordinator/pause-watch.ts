/** Milliseconds for which a client may pause before its connections to storage servers go to a transfer that waits. */
const yieldAfterMs = 1_000;
/** Milliseconds of a pause after which they are given back anyway, before a storage server gives the transfer up. */
const restAfterMs = 120_000;

/** Notices that a client has paused in the middle of a transfer for so long that its connections should be given back. */
export class PauseWatch {
  readonly #isWanted: () => boolean;
  readonly #onPause: () => void;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param isWanted whether somebody waits for one of the connections
   * @param onPause gives them back; the watch has stopped by then
   */
  constructor(isWanted: () => boolean, onPause: () => void) {
    this.#isWanted = isWanted;
    this.#onPause = onPause;
  }

  /**
   * From now on it is the client's turn.
   * @param patience how many times as long as usual the others shall wait
   */
  start(patience = 1): void {
    this.stop();
    const since = performance.now();
    const look = () => {
      const paused = performance.now() - since;
      if (paused >= restAfterMs || (this.#isWanted() && paused >= patience * yieldAfterMs)) this.#onPause();
      else this.#timer = setTimeout(look, yieldAfterMs);
    };
    this.#timer = setTimeout(look, yieldAfterMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
