import { createReadStream, createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createGunzip, createGzip } from 'node:zlib';
import * as v from 'valibot';
import type { JournalOutbox } from '../catalogue/journal-outbox.ts';
import { type FileHeader, fileHeader } from './journal-file.ts';
import { type Change, change } from './record.ts';
import { LineSealer, SealedLinesError, unsealed } from './sealed-lines.ts';

/** Rows that are read from the catalogue at once. */
const pageRows = 500;

/** Behind the changes: the last record before the snapshot was whole. */
const trailer = v.strictObject({ last: v.number() });

export interface SnapshotRange {
  /** With the records after that one it gives every later state ... */
  readonly first: number;
  /** ... from this one on: what was changed while it was written may be in it or not. */
  readonly last: number;
}

/** Writes the catalogue to a file, as a snapshot; others may change it meanwhile. */
export async function writeSnapshotFile(
  path: string,
  outbox: JournalOutbox,
  { pool, copies, signal }: { readonly pool: string; readonly copies: number; readonly signal?: AbortSignal },
): Promise<SnapshotRange> {
  const first = outbox.recorded;
  let last = first;
  const sealer = new LineSealer();
  async function* lines(): AsyncGenerator<string> {
    const { generation } = outbox;
    const written = new Date().toISOString();
    const header: FileHeader = { kind: 'snapshot', version: 1, pool, generation, first, copies, written };
    yield sealer.seal(JSON.stringify(header));
    for (const page of [outbox.entries.bind(outbox), outbox.segments.bind(outbox)]) {
      for (let rows = page('', pageRows); rows.length > 0; rows = page(rows.at(-1)?.id ?? '', pageRows)) {
        yield rows.map((row) => sealer.seal(JSON.stringify(row))).join('');
        await nextTurn(); // Clients come first.
      }
    }
    last = outbox.recorded;
    yield sealer.seal(JSON.stringify({ last }));
    yield sealer.end();
  }
  await pipeline(Readable.from(lines()), createGzip(), createWriteStream(path, { mode: 0o600 }), {
    ...(signal && { signal }),
  });
  return { first, last };
}

/**
 * The changes in a snapshot file, each once its sum was right.
 * @throws SealedLinesError when the file is damaged, maybe after some changes: read it once before using any
 */
export async function* readSnapshotFile(
  path: string,
): AsyncGenerator<Change, SnapshotRange & { readonly copies: number }> {
  const values = unsealed(createReadStream(path).pipe(createGunzip()));
  const start = v.safeParse(fileHeader, (await values.next()).value);
  if (!start.success || start.output.kind !== 'snapshot')
    throw new SealedLinesError('it is no snapshot', false);
  let last: number | undefined;
  for await (const value of values) {
    const parsed = v.safeParse(change, value);
    const end = v.safeParse(trailer, value);
    if (end.success && last === undefined) last = end.output.last;
    else if (parsed.success && last === undefined) yield parsed.output;
    else throw new SealedLinesError('it has a line of another version', false);
  }
  if (last === undefined) throw new SealedLinesError('its end is missing', true);
  return { first: start.output.first, last, copies: start.output.copies };
}
