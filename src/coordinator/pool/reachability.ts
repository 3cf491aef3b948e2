/** Whether one storage server can be reached, by what became of those who tried. */
export class Reachability {
  #failure: string | undefined;
  #downSince: number | undefined;
  #isSilent = false;
  #isDoubtful = false;
  #answers = 0;

  /** Why nobody gets a connection, in words; undefined while it is up. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** The failure, where the server was waited for in vain the last time. */
  get silence(): string | undefined {
    return this.#isSilent ? this.#failure : undefined;
  }

  /** Milliseconds of the clock ({@link Date.now}) since when nobody gets a connection; undefined while it is up. */
  get downSince(): number | undefined {
    return this.#downSince;
  }

  /** Whether it has failed of late, so that it had better be asked. */
  get isSuspect(): boolean {
    return this.#failure !== undefined || this.#isDoubtful;
  }

  /** How often somebody was let in. */
  get answers(): number {
    return this.#answers;
  }

  /** Somebody was let in. @returns whether it was down until now */
  answered(): boolean {
    const wasDown = this.#failure !== undefined;
    this.#answers += 1;
    this.#failure = undefined;
    this.#downSince = undefined;
    this.#isSilent = false;
    this.#isDoubtful = false;
    return wasDown;
  }

  /**
   * Nobody is let in.
   * @param failure why, in words
   * @param isSilent whether it was waited for in vain
   * @returns whether that is not what is known already
   */
  failed(failure: string, isSilent: boolean): boolean {
    const isNew = failure !== this.#failure;
    this.#failure = failure;
    this.#downSince ??= Date.now();
    this.#isSilent = isSilent;
    return isNew;
  }

  /** Something went wrong that may mean that it is down. */
  doubt(): void {
    this.#isDoubtful = true;
  }
}
