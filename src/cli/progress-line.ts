import type { TransferProgress } from '../client/transfer.ts';
import { formatBytes, formatDuration, plural } from './format.ts';

const barWidth = 24;
/** Without a terminal a line is written so often, in milliseconds. */
const plainInterval = 5_000;

/** Shows the progress of a transfer: one line that is rewritten on a terminal, a line now and then elsewhere. */
export class ProgressLine {
  readonly #output: NodeJS.WriteStream;
  readonly #begun = performance.now();
  #lastPlain = performance.now();

  constructor(output: NodeJS.WriteStream) {
    this.#output = output;
  }

  show(progress: TransferProgress): void {
    const text = describeProgress(progress, (performance.now() - this.#begun) / 1000);
    if (this.#output.isTTY) {
      this.#output.write(`\r\x1b[K${text.slice(0, Math.max(1, this.#output.columns - 1))}`);
    } else if (performance.now() - this.#lastPlain >= plainInterval) {
      this.#lastPlain = performance.now();
      this.#output.write(`${text}\n`);
    }
  }

  /** Leaves the line empty for what comes next. */
  clear(): void {
    if (this.#output.isTTY) this.#output.write('\r\x1b[K');
  }

  get seconds(): number {
    return (performance.now() - this.#begun) / 1000;
  }
}

/** @param seconds since the transfer began */
export function describeProgress(progress: TransferProgress, seconds: number): string {
  const { current, filesDone, filesTotal, bytesDone, bytesTotal, counting } = progress;
  // Empty files are progress too.
  const done = bytesTotal > 0 ? bytesDone / bytesTotal : filesDone / Math.max(1, filesTotal);
  const share = Math.min(1, Math.max(0, done));
  const filled = Math.floor(share * barWidth);
  const speed = seconds > 0 ? bytesDone / seconds : 0;
  const atLeast = counting ? '+' : '';
  const left = speed > 0 && !counting ? `  ${formatDuration((bytesTotal - bytesDone) / speed)} left` : '';
  return (
    `[${'#'.repeat(filled)}${' '.repeat(barWidth - filled)}] ${String(Math.floor(share * 100)).padStart(3)}%` +
    `  ${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)}${atLeast}` +
    `  ${filesDone} of ${plural(filesTotal, 'file')}${atLeast}` +
    `  ${formatBytes(Math.round(speed))}/s${left}  ${current}`
  );
}
