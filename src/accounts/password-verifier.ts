import { createHmac, randomBytes } from 'node:crypto';
import { unmatchableHash, verifyPassword } from './password-hash.ts';

export interface PasswordVerifierOptions {
  /** Verifications at once. Each takes 32 MiB and a thread of the four that files are read and written with, too. */
  readonly atOnce?: number;
  /** That wait for their turn; more are refused. */
  readonly waiting?: number;
  /** Passwords that were right are known again so long, in milliseconds. */
  readonly rememberedMs?: number;
  readonly verify?: (hash: string, password: string) => Promise<boolean>;
}

/** Passwords that are remembered at most; the one that was not used for the longest goes first. */
const mostRemembered = 1000;

/**
 * Checks passwords against stored ones at a bounded cost, however many log in: few at once, and the same password
 * that comes over many connections (as clients with parallel transfers send it) once.
 *
 * A password that was right is remembered for some minutes as a keyed hash, whose key never leaves this process's
 * memory. The stored hash goes into it: with a new password the remembered one is worth nothing.
 */
export class PasswordVerifier {
  readonly #atOnce: number;
  readonly #waiting: number;
  readonly #rememberedMs: number;
  readonly #verify: (hash: string, password: string) => Promise<boolean>;
  readonly #key = randomBytes(32);
  readonly #nobody = unmatchableHash();
  /** Until when, by the time of `performance.now()`; in the order of their last use. */
  readonly #remembered = new Map<string, number>();
  readonly #underWay = new Map<string, Promise<boolean>>();
  readonly #queue: (() => void)[] = [];
  #running = 0;

  constructor({ atOnce = 2, waiting = 64, rememberedMs = 600_000, verify }: PasswordVerifierOptions = {}) {
    this.#atOnce = atOnce;
    this.#waiting = waiting;
    this.#rememberedMs = rememberedMs;
    this.#verify = verify ?? verifyPassword;
  }

  /**
   * @param hash undefined for a name that nobody has: that takes as long as a wrong password, and is wrong
   * @returns undefined when too many wait already
   */
  async verify(hash: string | undefined, password: string): Promise<boolean | undefined> {
    const stored = hash ?? this.#nobody;
    const key = createHmac('sha256', this.#key).update(`${stored}\n${password}`).digest('base64');
    if (this.#isRemembered(key)) return true;
    const underWay = this.#underWay.get(key);
    if (underWay) return underWay;
    if (this.#running >= this.#atOnce && this.#queue.length >= this.#waiting) return undefined;
    const verification = this.#inTurn(() => this.#verify(stored, password));
    this.#underWay.set(key, verification);
    try {
      const right = (await verification) && hash !== undefined;
      if (right) this.#remember(key);
      return right;
    } finally {
      this.#underWay.delete(key);
    }
  }

  async #inTurn(work: () => Promise<boolean>): Promise<boolean> {
    if (this.#running >= this.#atOnce) {
      // Whoever is done hands over the place.
      await new Promise<void>((resolve) => this.#queue.push(resolve));
    } else this.#running++;
    try {
      return await work();
    } finally {
      const next = this.#queue.shift();
      if (next) next();
      else this.#running--;
    }
  }

  #isRemembered(key: string): boolean {
    const until = this.#remembered.get(key);
    if (until === undefined) return false;
    this.#remembered.delete(key);
    if (performance.now() >= until) return false;
    this.#remembered.set(key, until);
    return true;
  }

  #remember(key: string): void {
    this.#remembered.set(key, performance.now() + this.#rememberedMs);
    if (this.#remembered.size <= mostRemembered) return;
    const [oldest] = this.#remembered.keys();
    if (oldest !== undefined) this.#remembered.delete(oldest);
  }
}
