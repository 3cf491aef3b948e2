import type { ConflictChoice, TransferOptions } from './transfer.ts';

/** Asks about files that would be replaced, one at a time however many transfers are running. */
export class Conflicts {
  readonly #ask: TransferOptions['onConflict'];
  #last: Promise<unknown> = Promise.resolve();

  constructor(ask: TransferOptions['onConflict']) {
    this.#ask = ask;
  }

  /** @param exists looked up only when somebody is there to be asked. */
  async choose(path: string, exists: () => Promise<boolean>, signal: AbortSignal): Promise<ConflictChoice> {
    const ask = this.#ask;
    if (ask === undefined || !(await exists())) return 'overwrite';
    const answer = this.#last.then(() => {
      signal.throwIfAborted();
      return ask(path);
    });
    this.#last = answer.catch(() => undefined);
    return unlessAborted(answer, signal);
  }
}

/** A question may stay open on somebody's screen; a cancelled transfer does not wait for it. */
async function unlessAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  return Promise.race([answer, promise]).finally(() => signal.removeEventListener('abort', abort));
}
