import type { StorageConnection } from './storage-connection.ts';

/** Milliseconds a connection may have been idle before it is asked whether it still lives. */
const trustedIdle = 5_000;
const most = 6;

/** The connections to one storage server that nobody uses at present. */
export class IdleConnections {
  readonly #connections: StorageConnection[] = [];
  /** Those that are being asked whether they still live. */
  readonly #asked = new Set<StorageConnection>();
  readonly #onLost: () => void;

  /** @param onLost one of them has ended by itself */
  constructor(onLost: () => void) {
    this.#onLost = onLost;
  }

  get count(): number {
    return this.#connections.length;
  }

  get isFull(): boolean {
    return this.count >= most;
  }

  keep(connection: StorageConnection): void {
    this.#connections.push(connection);
  }

  /**
   * The one that was used last, if it still lives. If not, the others have been idle for longer: to ask each of them in
   * vain would take longer than to log in.
   * @param isSuspect the server is to be asked, however short a while ago it was used
   */
  async take(isSuspect: boolean): Promise<StorageConnection | undefined> {
    const idle = this.#connections.pop();
    if (!idle) return undefined;
    const older = [...this.#connections];
    this.#asked.add(idle);
    const alive = await isAlive(idle, isSuspect ? 0 : trustedIdle);
    this.#asked.delete(idle);
    if (alive) return idle;
    if (idle.lost) this.#onLost();
    idle.close();
    for (const other of older) this.#drop(other);
    return undefined;
  }

  /** Unless somebody else has taken it meanwhile. */
  #drop(connection: StorageConnection): void {
    const position = this.#connections.indexOf(connection);
    if (position < 0) return;
    this.#connections.splice(position, 1);
    connection.close();
  }

  close(): void {
    for (const connection of [...this.#connections.splice(0), ...this.#asked]) connection.close();
  }
}

/** @param trusted milliseconds of idleness after which it is asked */
async function isAlive(connection: StorageConnection, trusted: number): Promise<boolean> {
  if (connection.closed) return false;
  if (connection.idle < trusted) return true;
  try {
    await connection.ping();
    return true;
  } catch {
    return false; // Whatever the reason, a fresh connection will tell it better.
  }
}
