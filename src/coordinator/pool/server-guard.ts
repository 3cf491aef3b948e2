import type { StorageConnection } from './storage-connection.ts';

/** @throws FileSystemError why the server must not be used */
export type GuardCheck = (connection: StorageConnection) => Promise<void>;

/** Sees, with the first connection to a storage server, that it is the one that it must be. */
export class ServerGuard {
  #check: GuardCheck | undefined;
  #answer: Promise<void> | undefined;

  /** From now on that is what is asked. */
  set check(check: GuardCheck) {
    this.#check = check;
    this.#answer = undefined;
  }

  /** The server may be another one by now: the next connection is a first one. */
  askAgain(): void {
    this.#answer = undefined;
  }

  /** Resolves at once where an earlier connection was let through. @throws what the check throws */
  async admit(connection: StorageConnection): Promise<void> {
    try {
      this.#answer ??= this.#check?.(connection);
      await this.#answer;
    } catch (error) {
      this.#answer = undefined;
      throw error;
    }
  }
}
