export const rootId = 'root';

/** The file in the coordinator's folder. */
export const catalogueName = 'catalogue.sqlite';

/**
 * `segment.state`: `intent` while it is being written, `live` when a file refers to it, `garbage` when its
 * parts are to be removed. `settled` is 0 until its parts have surely left their temporary names.
 */
const first = `
CREATE TABLE pool (id TEXT NOT NULL) STRICT;

CREATE TABLE entry (
  id TEXT PRIMARY KEY,
  parent TEXT REFERENCES entry (id),
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('file', 'directory')),
  size INTEGER NOT NULL,
  crc32 INTEGER NOT NULL,
  modified INTEGER NOT NULL,
  UNIQUE (parent, name)
) STRICT;

CREATE TABLE segment (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL CHECK (state IN ('intent', 'live', 'garbage')),
  settled INTEGER NOT NULL,
  file TEXT REFERENCES entry (id),
  position INTEGER NOT NULL,
  length INTEGER NOT NULL,
  crc32 INTEGER NOT NULL,
  data_parts INTEGER NOT NULL,
  parity_parts INTEGER NOT NULL,
  block_bytes INTEGER NOT NULL
) STRICT;
CREATE INDEX segment_of_file ON segment (file, position) WHERE file IS NOT NULL;
CREATE INDEX segment_of_state ON segment (state, sequence);

CREATE TABLE part (
  segment TEXT NOT NULL REFERENCES segment (id),
  position INTEGER NOT NULL,
  server INTEGER NOT NULL,
  header_bytes INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (segment, position)
) STRICT, WITHOUT ROWID;
`;

/** Digests of whole files; one counts only while the file has the size that it had then. */
const digests = `
CREATE TABLE digest (
  entry TEXT NOT NULL REFERENCES entry (id) ON DELETE CASCADE,
  algorithm TEXT NOT NULL,
  size INTEGER NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (entry, algorithm)
) STRICT, WITHOUT ROWID;
`;

/**
 * Interrupted uploads that can be continued: never a file, so they have a table of their own. At most one for a path,
 * and none where an entry is. `modified` is when the upload was interrupted.
 */
const partialUploads = `
CREATE TABLE partial (
  id TEXT PRIMARY KEY,
  parent TEXT NOT NULL REFERENCES entry (id),
  name TEXT NOT NULL,
  size INTEGER NOT NULL,
  crc32 INTEGER NOT NULL,
  modified INTEGER NOT NULL,
  UNIQUE (parent, name)
) STRICT;

ALTER TABLE segment ADD COLUMN partial TEXT REFERENCES partial (id);
CREATE INDEX segment_of_partial ON segment (partial, position) WHERE partial IS NOT NULL;
`;

/**
 * `part.state`: `missing` when it was never written, is lost or was found damaged. While its segment is an intent it is
 * `stored`, since something of it may be there. The missing parts of live segments are the repair queue.
 */
const missingParts = `
ALTER TABLE part ADD COLUMN state TEXT NOT NULL DEFAULT 'stored' CHECK (state IN ('stored', 'missing'));
CREATE INDEX missing_part ON part (segment) WHERE state = 'missing';
`;

/**
 * The journal. Whatever statement changes a file, a folder, or a segment of a file, a trigger notes the row, and the end
 * of the transaction makes a record of all that were noted. A catalogue that is older than its journal is not complete
 * in it until there is a snapshot; its records begin after 1, so that they are never taken for all there is.
 */
const journal = `
CREATE TABLE journal (sequence INTEGER PRIMARY KEY, record TEXT NOT NULL) STRICT;
CREATE TABLE journal_state (
  generation INTEGER NOT NULL,
  shipped INTEGER NOT NULL,
  snapshot INTEGER NOT NULL,
  complete INTEGER NOT NULL
) STRICT;
INSERT INTO journal_state SELECT 1, entries > 0, entries > 0, entries = 0 FROM (SELECT count(*) AS entries FROM entry);
CREATE TABLE journal_change (
  kind TEXT NOT NULL CHECK (kind IN ('entry', 'segment')),
  id TEXT NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER entry_added AFTER INSERT ON entry
  BEGIN INSERT OR IGNORE INTO journal_change VALUES ('entry', new.id); END;
CREATE TRIGGER entry_changed AFTER UPDATE ON entry
  BEGIN INSERT OR IGNORE INTO journal_change VALUES ('entry', new.id); END;
CREATE TRIGGER entry_removed AFTER DELETE ON entry
  BEGIN INSERT OR IGNORE INTO journal_change VALUES ('entry', old.id); END;
CREATE TRIGGER segment_added AFTER INSERT ON segment WHEN new.file IS NOT NULL
  BEGIN INSERT OR IGNORE INTO journal_change VALUES ('segment', new.id); END;
CREATE TRIGGER segment_changed AFTER UPDATE OF file, position, length, crc32 ON segment
  WHEN old.file IS NOT NULL OR new.file IS NOT NULL
  BEGIN INSERT OR IGNORE INTO journal_change VALUES ('segment', new.id); END;
CREATE TRIGGER segment_deleted AFTER DELETE ON segment WHEN old.file IS NOT NULL
  BEGIN INSERT OR IGNORE INTO journal_change VALUES ('segment', old.id); END;
CREATE TRIGGER part_added AFTER INSERT ON part
  WHEN EXISTS (SELECT 1 FROM segment WHERE id = new.segment AND file IS NOT NULL)
  BEGIN INSERT OR IGNORE INTO journal_change VALUES ('segment', new.segment); END;
CREATE TRIGGER part_changed AFTER UPDATE OF server, header_bytes, bytes ON part
  WHEN EXISTS (SELECT 1 FROM segment WHERE id = new.segment AND file IS NOT NULL)
  BEGIN INSERT OR IGNORE INTO journal_change VALUES ('segment', new.segment); END;
ALTER TABLE segment ADD COLUMN released INTEGER NOT NULL DEFAULT 0;
`;

/**
 * `part.verified`: when every block of it was last read and right, or else when it was written (milliseconds).
 * `stray_part`: files of parts where their part is not: a move has begun, or has ended and left the old one.
 * `orphan`: files in the pool's folders that nothing is known of, and since when they have been seen.
 */
const upkeep = `
ALTER TABLE part ADD COLUMN verified INTEGER NOT NULL DEFAULT 0;
CREATE INDEX part_verified ON part (verified) WHERE state = 'stored';
CREATE INDEX part_on_server ON part (server, segment, position);
ALTER TABLE segment ADD COLUMN repair_after INTEGER NOT NULL DEFAULT 0;

CREATE TABLE draining_server (server INTEGER PRIMARY KEY) STRICT;
CREATE TABLE stray_part (
  server INTEGER NOT NULL,
  segment TEXT NOT NULL,
  position INTEGER NOT NULL,
  PRIMARY KEY (server, segment, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE orphan (
  server INTEGER NOT NULL,
  path TEXT NOT NULL,
  seen INTEGER NOT NULL,
  PRIMARY KEY (server, path)
) STRICT, WITHOUT ROWID;
CREATE TABLE upkeep_note (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
`;

/** `part_sum`: how many parts are `stored` on a server, and their bytes; kept by triggers. */
const partSums = `
CREATE TABLE part_sum (server INTEGER PRIMARY KEY, parts INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
INSERT INTO part_sum SELECT server, count(*), sum(bytes) FROM part WHERE state = 'stored' GROUP BY server;
CREATE TRIGGER part_counted AFTER INSERT ON part WHEN new.state = 'stored' BEGIN
  INSERT INTO part_sum VALUES (new.server, 1, new.bytes)
    ON CONFLICT (server) DO UPDATE SET parts = parts + 1, bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER part_uncounted AFTER DELETE ON part WHEN old.state = 'stored' BEGIN
  UPDATE part_sum SET parts = parts - 1, bytes = bytes - old.bytes WHERE server = old.server;
END;
CREATE TRIGGER part_recounted AFTER UPDATE OF server, state, bytes ON part BEGIN
  UPDATE part_sum SET parts = parts - 1, bytes = bytes - old.bytes WHERE server = old.server AND old.state = 'stored';
  INSERT INTO part_sum SELECT new.server, 1, new.bytes WHERE new.state = 'stored'
    ON CONFLICT (server) DO UPDATE SET parts = parts + 1, bytes = bytes + excluded.bytes;
END;
`;

/**
 * `segment.missing`: how many of its parts are `missing`; `missing_sum`: how many of those belong on a server, and their
 * bytes. Kept by triggers, so that a lost server with a million parts makes a long queue and no slow one.
 */
const repairQueue = `
ALTER TABLE segment ADD COLUMN missing INTEGER NOT NULL DEFAULT 0;
UPDATE segment SET missing = lack.parts
  FROM (SELECT segment, count(*) AS parts FROM part WHERE state = 'missing' GROUP BY segment) AS lack
 WHERE segment.id = lack.segment;
CREATE INDEX repair_queue ON segment (missing > parity_parts, parity_parts - missing, sequence, repair_after, missing)
  WHERE state = 'live' AND missing > 0;
CREATE TABLE missing_sum (server INTEGER PRIMARY KEY, parts INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
INSERT INTO missing_sum SELECT server, count(*), sum(bytes) FROM part WHERE state = 'missing' GROUP BY server;
CREATE TRIGGER missing_forgotten AFTER DELETE ON part WHEN old.state = 'missing' BEGIN
  UPDATE missing_sum SET parts = parts - 1, bytes = bytes - old.bytes WHERE server = old.server;
  UPDATE segment SET missing = missing - 1 WHERE id = old.segment;
END;
CREATE TRIGGER missing_recounted AFTER UPDATE OF server, state, bytes ON part
  WHEN old.state = 'missing' OR new.state = 'missing' BEGIN
  UPDATE missing_sum SET parts = parts - 1, bytes = bytes - old.bytes WHERE server = old.server AND old.state = 'missing';
  INSERT INTO missing_sum SELECT new.server, 1, new.bytes WHERE new.state = 'missing'
    ON CONFLICT (server) DO UPDATE SET parts = parts + 1, bytes = bytes + excluded.bytes;
  UPDATE segment SET missing = missing + (new.state = 'missing') - (old.state = 'missing') WHERE id = new.segment;
END;
`;

/**
 * A catalogue is made, and brought up to date, by the steps that it lacks; `PRAGMA user_version` counts those it has.
 * A step that was released is never changed: what comes next is a further one.
 */
export const schemaSteps: readonly string[] = [
  first,
  partialUploads,
  digests,
  missingParts,
  journal,
  upkeep,
  partSums,
  repairQueue,
];
