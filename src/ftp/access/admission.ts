import type { Limits } from '../limits.ts';
import { clientNetwork } from './client-network.ts';

/** Gives a place back; calling it again does nothing. */
export type Leave = () => void;

type Caps = Pick<Limits, 'connections' | 'connectionsPerAddress' | 'transfers'>;

/** How many may be in at once: connections in all and of one client, transfers in all. */
export class Admission {
  readonly #caps: Caps;
  readonly #byNetwork = new Map<string, number>();
  #connections = 0;
  #transfers = 0;

  constructor(caps: Caps) {
    this.#caps = caps;
  }

  /** A connection's place, or why there is none. */
  connection(address: string): { readonly leave: Leave } | { readonly refused: string } {
    if (this.#connections >= this.#caps.connections) {
      return { refused: 'Too many connections: try again later.' };
    }
    const network = clientNetwork(address);
    const before = this.#byNetwork.get(network) ?? 0;
    if (before >= this.#caps.connectionsPerAddress) {
      return { refused: 'Too many connections from your address: close some, or try again later.' };
    }
    this.#connections++;
    this.#byNetwork.set(network, before + 1);
    return {
      leave: once(() => {
        this.#connections--;
        const left = (this.#byNetwork.get(network) ?? 1) - 1;
        if (left > 0) this.#byNetwork.set(network, left);
        else this.#byNetwork.delete(network);
      }),
    };
  }

  /** A transfer's place; undefined when there is none. */
  transfer(): Leave | undefined {
    if (this.#transfers >= this.#caps.transfers) return undefined;
    this.#transfers++;
    return once(() => this.#transfers--);
  }
}

function once(work: () => void): Leave {
  let done = false;
  return () => {
    if (!done) work();
    done = true;
  };
}
