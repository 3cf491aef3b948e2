import type { Address, Connection } from './connection.ts';

interface Idle {
  readonly connection: Connection;
  readonly since: number;
}

/** A session unused for longer is asked for a sign of life before it is used, in milliseconds. */
const trusted = 1000;

/**
 * The few sessions that a split client shares among its tasks. They are opened when they are needed; one that
 * failed, was cancelled or was dropped by the server while idle is replaced.
 */
export class ConnectionPool {
  readonly #address: Address;
  readonly #limit: number;
  readonly #idle: Idle[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #closing = new AbortController();
  #free: number;

  constructor(address: Address, limit: number) {
    this.#address = address;
    this.#limit = limit;
    this.#free = limit;
  }

  /** Aborted when the pool is closed. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  get limit(): number {
    return this.#limit;
  }

  /**
   * Runs a task with a session of its own.
   * @param signal cancels at once whatever the session is doing; the signal's reason is then the error.
   */
  async use<T>(task: (connection: Connection) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const ended =
      signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal]);
    await this.#turn(ended);
    try {
      const connection = (await this.#living(ended)) ?? (await open(this.#address, ended));
      try {
        return await cancelledBy(ended, connection, () => task(connection));
      } finally {
        if (connection.usable) this.#idle.push({ connection, since: performance.now() });
      }
    } finally {
      this.#pass();
    }
  }

  /** Ends all sessions and whatever they are doing. */
  close(): void {
    this.#closing.abort(new Error('the client was closed'));
    for (const { connection } of this.#idle.splice(0)) connection.close();
  }

  /** Waits until fewer tasks than the limit are running, in the order of the calls. */
  async #turn(ended: AbortSignal): Promise<void> {
    ended.throwIfAborted();
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const giveUp = () => {
      this.#waiting.delete(resolve);
      reject(ended.reason);
    };
    this.#waiting.add(resolve);
    ended.addEventListener('abort', giveUp, { once: true });
    await promise.finally(() => ended.removeEventListener('abort', giveUp));
  }

  /** Gives the turn to the task that has waited longest. */
  #pass(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }

  /** An idle session that still lives. */
  async #living(ended: AbortSignal): Promise<Connection | undefined> {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      const { connection, since } = idle;
      if (!connection.usable) continue;
      if (performance.now() - since < trusted) return connection;
      if (await cancelledBy(ended, connection, () => connection.probe())) return connection;
    }
    return undefined;
  }
}

/** FTP is loaded with the first session: a window that opens does not wait for it. */
async function open(address: Address, signal: AbortSignal): Promise<Connection> {
  const { Connection } = await import('./connection.ts');
  return Connection.open(address, signal);
}

async function cancelledBy<T>(
  ended: AbortSignal,
  connection: Connection,
  task: () => Promise<T>,
): Promise<T> {
  const cancel = () => connection.cancel();
  ended.addEventListener('abort', cancel, { once: true });
  try {
    ended.throwIfAborted();
    return await task();
  } catch (error) {
    ended.throwIfAborted();
    throw error;
  } finally {
    ended.removeEventListener('abort', cancel);
    if (ended.aborted) connection.close();
  }
}
