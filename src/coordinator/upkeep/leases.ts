/**
 * What somebody is using at this moment, by id, and upkeep must therefore leave: segments that are being read, also
 * when the file they belonged to is replaced or deleted, and partial uploads that are being continued.
 */
export class Leases {
  readonly #holders = new Map<string, number>();

  /** @returns ends the lease */
  take(ids: readonly string[]): () => void {
    for (const id of ids) this.#holders.set(id, (this.#holders.get(id) ?? 0) + 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      for (const id of ids) {
        const holders = (this.#holders.get(id) ?? 1) - 1;
        if (holders > 0) this.#holders.set(id, holders);
        else this.#holders.delete(id);
      }
    };
  }

  has(id: string): boolean {
    return this.#holders.has(id);
  }
}
