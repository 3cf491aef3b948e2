import { ConnectionLimit } from './connection-limit.ts';

/** Control connections to a bundled storage server at the same time; more work than that waits its turn. */
const bundledConnections = 24;
/** Others often allow a few only, to all their users together; what they refuse lowers it. */
const foreignConnections = 8;

/** The places for control connections to one storage server, and who waits for one. */
export class ConnectionPlaces {
  readonly #configured: number | undefined;
  readonly #limit: ConnectionLimit;
  readonly #waiting: { readonly admit: () => void; readonly since: number }[] = [];
  #inUse = 0;

  /** @param configured how many there are; undefined where only habit says so */
  constructor(configured: number | undefined) {
    this.#configured = configured;
    this.#limit = new ConnectionLimit(configured ?? foreignConnections);
  }

  /** How many there are at most, at present. */
  get most(): number {
    return this.#limit.current(performance.now());
  }

  get inUse(): number {
    return this.#inUse;
  }

  /** Whether somebody waits for a place. */
  get wanted(): boolean {
    return this.#waiting.length > 0;
  }

  /** Milliseconds for which the next one in turn has been waiting. */
  get wantedFor(): number {
    const [next] = this.#waiting;
    return next ? performance.now() - next.since : 0;
  }

  /** It turned out whether the server is a bundled one. */
  learn(isBundled: boolean): void {
    this.#limit.most = this.#configured ?? (isBundled ? bundledConnections : foreignConnections);
    this.#admit();
  }

  /** The server took one connection less than were wanted. */
  refused(): void {
    this.#limit.refused(this.#inUse, performance.now());
  }

  /**
   * Waits for a free place.
   * @param priority `urgent` goes before all others, and gets one place more where only habit says how many there are
   * @returns gives the place back
   */
  async reserve(priority?: 'urgent'): Promise<() => void> {
    if (priority === 'urgent' && this.#hasSparePlace) this.#inUse += 1;
    else {
      const admitted = new Promise<void>((admit) => {
        const entry = { admit, since: performance.now() };
        if (priority === 'urgent') this.#waiting.unshift(entry);
        else this.#waiting.push(entry);
      });
      this.#admit();
      await admitted;
    }
    return this.#taken();
  }

  /** As {@link reserve} before all others, but no longer than that; undefined when no place became free. */
  async reserveWithin(milliseconds: number): Promise<(() => void) | undefined> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const entry = { admit: () => resolve(true), since: performance.now() };
    this.#waiting.unshift(entry);
    const timer = setTimeout(() => {
      this.#waiting.splice(this.#waiting.indexOf(entry), 1);
      resolve(false);
    }, milliseconds);
    this.#admit();
    const admitted = await promise;
    clearTimeout(timer);
    return admitted ? this.#taken() : undefined;
  }

  /** As {@link reserve}, without waiting; undefined when no place is free. */
  tryReserve(): (() => void) | undefined {
    if (this.wanted || this.#inUse >= this.most) return undefined;
    this.#inUse += 1;
    return this.#taken();
  }

  get #hasSparePlace(): boolean {
    return (
      this.#configured === undefined && this.#inUse <= this.most && !this.#limit.isLowered(performance.now())
    );
  }

  #taken(): () => void {
    let reserved = true;
    return () => {
      if (!reserved) return;
      reserved = false;
      this.#inUse -= 1;
      this.#admit();
    };
  }

  #admit(): void {
    const most = this.most;
    while (this.#inUse < most) {
      const next = this.#waiting.shift();
      if (!next) return;
      this.#inUse += 1;
      next.admit();
    }
  }
}
