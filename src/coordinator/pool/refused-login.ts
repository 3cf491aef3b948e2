/** Milliseconds after a refused login until the next one, doubled with each in a row up to the longest. */
const firstPause = 1_000;
const longestPause = 60_000;

/**
 * A server that refuses name or password is asked ever more rarely, whoever wants a connection meanwhile: it would take
 * us for somebody who guesses, and lock us out.
 */
export class RefusedLogin {
  #refusals = 0;
  #until = Number.NEGATIVE_INFINITY;
  #error: unknown;

  /** @param now milliseconds. @throws the refusal, while it is too early for another attempt */
  throwIfEarly(now: number): void {
    if (now < this.#until) throw this.#error;
  }

  refused(error: unknown, now: number): void {
    this.#until = now + Math.min(firstPause * 2 ** this.#refusals, longestPause);
    this.#refusals += 1;
    this.#error = error;
  }

  accepted(): void {
    this.#refusals = 0;
    this.#until = Number.NEGATIVE_INFINITY;
  }
}
