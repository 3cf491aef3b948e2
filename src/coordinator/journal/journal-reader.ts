import { createReadStream } from 'node:fs';
import * as v from 'valibot';
import { type FileHeader, fileHeader } from './journal-file.ts';
import { type JournalRecord, journalRecord } from './record.ts';
import { SealedLinesError, unsealed } from './sealed-lines.ts';

/**
 * The whole content of a journal file; it was kept small.
 * @throws SealedLinesError when a byte of it is wrong, or it is not whole
 */
export async function readJournalFile(
  path: string,
): Promise<{ header: FileHeader; records: readonly JournalRecord[] }> {
  let header: FileHeader | undefined;
  const records: JournalRecord[] = [];
  for await (const value of unsealed(createReadStream(path))) {
    if (header === undefined) {
      const parsed = v.safeParse(fileHeader, value);
      if (!parsed.success || parsed.output.kind !== 'journal') throw damaged('it is no journal');
      header = parsed.output;
    } else {
      const parsed = v.safeParse(journalRecord, value);
      if (!parsed.success || parsed.output.sequence !== header.first + records.length) {
        throw damaged('it has a record of another version');
      }
      records.push(parsed.output);
    }
  }
  if (header === undefined || header.last !== header.first + records.length - 1)
    throw damaged('it is not whole');
  return { header, records };
}

function damaged(reason: string): SealedLinesError {
  return new SealedLinesError(reason, false);
}
