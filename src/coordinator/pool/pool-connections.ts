import type { FileSystemError } from '../../ftp/file-system.ts';
import type { StorageConnection } from './storage-connection.ts';
import type { StorageServer } from './storage-server.ts';

/** A connection, and the place that is held for it. */
export interface PoolLine {
  readonly server: StorageServer;
  readonly connection: StorageConnection;
  readonly giveBack: () => void;
}

/** Connections to several storage servers, by their index among those asked for; held together, given back together. */
export class PoolConnections {
  readonly lines: ReadonlyMap<number, PoolLine>;
  /** Why there is no connection to others. */
  readonly failures: ReadonlyMap<number, FileSystemError>;
  readonly #held: Set<PoolLine>;
  #isReleased = false;

  constructor(lines: ReadonlyMap<number, PoolLine>, failures: ReadonlyMap<number, FileSystemError>) {
    this.lines = lines;
    this.failures = failures;
    this.#held = new Set(lines.values());
  }

  /** Whether they are held, and somebody waits for a connection to one of their servers. */
  get wanted(): boolean {
    return [...this.#held].some(({ server }) => server.places.wanted);
  }

  /** Holds another one together with them. */
  add(line: PoolLine): void {
    if (!this.#isReleased) this.#held.add(line);
    else endLine(line);
  }

  /** Ends whatever is going on on one of them, and gives it back before the others. */
  drop(line: PoolLine): void {
    if (this.#held.delete(line)) endLine(line);
  }

  /** Lets others use the connections; those that are closed are thrown away. */
  release(): void {
    this.#isReleased = true;
    for (const line of this.#held) releaseLine(line);
    this.#held.clear();
  }

  /** Ends whatever is going on on them, at once. */
  destroy(): void {
    this.#isReleased = true;
    for (const line of this.#held) endLine(line);
    this.#held.clear();
  }
}

function endLine(line: PoolLine): void {
  line.connection.close();
  releaseLine(line);
}

/** Lets others use the connection, unless it is closed. */
export function releaseLine({ server, connection, giveBack }: PoolLine): void {
  server.release(connection);
  giveBack();
}
