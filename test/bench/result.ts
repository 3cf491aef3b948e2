export const directions = ['up', 'down'] as const;
export type Direction = (typeof directions)[number];

export const targetNames = ['direct', 'split', 'split, TLS'] as const;
export type TargetName = (typeof targetNames)[number];

/** What was measured with one target, a value per round. */
export class Result {
  readonly name: TargetName;
  /** In seconds. */
  readonly times: Readonly<Record<Direction, number[]>> = { up: [], down: [] };
  /** Of each process, in seconds, over all rounds. */
  readonly cpu: Readonly<Record<Direction, number[]>> = { up: [], down: [] };

  constructor(name: TargetName) {
    this.name = name;
  }

  /** How fast this was compared to another, round by round: `0.70 (0.61 to 0.79)`. */
  ratiosTo(other: Result, direction: Direction): string {
    const ratios = this.times[direction].map(
      (time, round) => (other.times[direction][round] ?? Number.NaN) / time,
    );
    const [lowest, highest] = [Math.min(...ratios), Math.max(...ratios)];
    return `${median(ratios).toFixed(2)} (${lowest.toFixed(2)} to ${highest.toFixed(2)})`;
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
