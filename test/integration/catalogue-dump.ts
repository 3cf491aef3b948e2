import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** All that a catalogue file, which nobody has open, knows of files and folders and where their bytes are. */
export function dumpCatalogue(folder: string): Record<string, unknown> {
  const database = new DatabaseSync(join(folder, 'catalogue.sqlite'));
  try {
    const all = (sql: string) => database.prepare(sql).all();
    return {
      pool: all('SELECT id FROM pool'),
      entries: all('SELECT id, parent, name, kind, size, crc32, modified FROM entry ORDER BY id'),
      segments: all(
        `SELECT id, sequence, state, settled, file, position, length, crc32, data_parts, parity_parts, block_bytes
           FROM segment WHERE file IS NOT NULL ORDER BY id`,
      ),
      parts: all(
        `SELECT segment, part.position, server, header_bytes, bytes, part.state FROM part JOIN segment ON segment.id = part.segment
          WHERE file IS NOT NULL ORDER BY 1, 2`,
      ),
    };
  } finally {
    database.close();
  }
}
