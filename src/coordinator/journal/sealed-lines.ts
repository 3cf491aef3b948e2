/**
 * Lines of JSON that notice what happens to them (`docs/recovery.md`): before each stands the CRC-32 of everything up to
 * and with its line feed, so that a line that was changed, left out or moved does not fit the one before it. `cut -c10-`
 * takes the sums away.
 */
import * as v from 'valibot';
import { crc32, formatCrc32 } from '../segments/crc32.ts';

/** A line that is longer was not written by us. */
const maximumLineBytes = 64 * 1024 * 1024;

/** The last line: how many there are before it, the first one included. */
const lastLine = v.strictObject({ lines: v.number() });

export class SealedLinesError extends Error {
  /** Every line was right as far as they go: writing them was interrupted, or their end was cut off. */
  readonly unfinished: boolean;

  constructor(message: string, unfinished: boolean) {
    super(message);
    this.unfinished = unfinished;
  }
}

export class LineSealer {
  #crc = 0;
  #lines = 0;

  /** @param json without a line feed */
  seal(json: string): string {
    const line = `${json}\n`;
    this.#crc = crc32(line, this.#crc);
    this.#lines += 1;
    return `${formatCrc32(this.#crc)} ${line}`;
  }

  /** The line behind all others. */
  end(): string {
    return this.seal(JSON.stringify({ lines: this.#lines }));
  }
}

/**
 * The JSON values of all lines but the last, each when its sum was right; that the last one came is known at the end.
 * @throws SealedLinesError
 */
export async function* unsealed(bytes: AsyncIterable<Buffer> | Iterable<Buffer>): AsyncGenerator<unknown> {
  let crc = 0;
  let lines = 0;
  let ended = false;
  for await (const line of splitLines(bytes)) {
    if (ended) throw new SealedLinesError('it goes on after its end', false);
    const text = line.subarray(9);
    crc = crc32(text, crc);
    if (line.toString('latin1', 0, 9) !== `${formatCrc32(crc)} `) {
      throw new SealedLinesError(`its line ${lines + 1} is damaged`, false);
    }
    const value: unknown = JSON.parse(text.toString('utf8'));
    const last = v.safeParse(lastLine, value);
    if (last.success && last.output.lines === lines) ended = true;
    else yield value;
    lines += 1;
  }
  if (!ended) throw new SealedLinesError('its end is missing', true);
}

/** Each with its line feed. A last line without one is left out. */
async function* splitLines(bytes: AsyncIterable<Buffer> | Iterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  let length = 0;
  for await (const chunk of bytes) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      yield Buffer.concat([...rest, chunk.subarray(start, end + 1)]);
      rest = [];
      length = 0;
      start = end + 1;
    }
    if (start === chunk.length) continue;
    rest.push(chunk.subarray(start));
    length += chunk.length - start;
    if (length > maximumLineBytes) throw new SealedLinesError('it has a line without an end', false);
  }
}
