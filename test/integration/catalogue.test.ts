import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { StoredFile } from '../../src/coordinator/catalogue/catalogue.ts';
import { RestoredCatalogue } from '../../src/coordinator/catalogue/restored-catalogue.ts';
import { rootId, schemaSteps } from '../../src/coordinator/catalogue/schema.ts';
import { SqliteCatalogue } from '../../src/coordinator/catalogue/sqlite-catalogue.ts';
import { combineCrc32, crc32 } from '../../src/coordinator/segments/crc32.ts';

const layout = { dataParts: 2, parityParts: 0 };
let folder: string;
let catalogue: SqliteCatalogue;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'splitftp-catalogue-'));
  catalogue = new SqliteCatalogue(folder);
});

afterEach(async () => {
  await catalogue.close();
  await rm(folder, { recursive: true });
});

async function reopen(): Promise<void> {
  await catalogue.close();
  catalogue = new SqliteCatalogue(folder);
}

async function begin(): Promise<string> {
  const id = randomBytes(16).toString('hex');
  await catalogue.beginSegment({ id, layout, blockBytes: 262144, servers: [1, 2] });
  return id;
}

/** An upload as the coordinator does it, without the bytes. */
async function store(path: string, content: string, append?: StoredFile): Promise<string> {
  const id = await begin();
  const part = { headerBytes: 300, bytes: 600, stored: true };
  await catalogue.commitFile(path, {
    file: randomBytes(16).toString('hex'),
    append,
    segments: [{ id, length: content.length, crc32: crc32(content), parts: [part, part] }],
  });
  return id;
}

/** An upload that is interrupted. @returns the id of its segment, and whether it was kept */
async function suspend(
  path: string,
  content: string,
  append?: StoredFile,
): Promise<{ id: string; kept: boolean }> {
  const id = await begin();
  const part = { headerBytes: 300, bytes: 600, stored: true };
  const kept = await catalogue.suspendUpload(path, {
    file: randomBytes(16).toString('hex'),
    append,
    segments: [{ id, length: content.length, crc32: crc32(content), parts: [part, part] }],
  });
  if (!kept) await catalogue.abandonSegments([id]);
  return { id, kept };
}

async function names(path: string): Promise<string[]> {
  return (await catalogue.list(path)).map(({ name }) => name).sort();
}

async function garbage(): Promise<string[]> {
  return (await catalogue.garbage(1, 100)).map(({ segment }) => segment);
}

test('files and folders survive a restart, and so does the name of the pool', async () => {
  const { pool } = catalogue;
  await catalogue.makeDirectory('/docs');
  await catalogue.makeDirectory('/docs/odd "name" -x 🗂');
  const segment = await store('/docs/a.txt', 'hello');
  await catalogue.setModified('/docs/a.txt', new Date(1_000_000));
  await reopen();
  expect(catalogue.pool).toBe(pool);
  expect(await names('/docs')).toEqual(['a.txt', 'odd "name" -x 🗂']);
  expect(await catalogue.stat('/docs/a.txt')).toMatchObject({ size: 5, modified: new Date(1_000_000) });
  const file = await catalogue.openFile('/docs/a.txt');
  expect(file.crc32).toBe(crc32('hello'));
  expect(file.segments).toMatchObject([{ id: segment, length: 5, parts: [{ server: 1 }, { server: 2 }] }]);
});

test('a new version replaces the old one and makes its segment garbage', async () => {
  const old = await store('/a', 'one');
  const fresh = await store('/a', 'two!');
  expect((await catalogue.openFile('/a')).segments.map(({ id }) => id)).toEqual([fresh]);
  expect(await garbage()).toEqual([old]);
});

test('appending adds a segment, and the checksum is that of the whole', async () => {
  const first = await store('/a', 'one');
  const second = await store('/a', 'two', await catalogue.openFile('/a'));
  const file = await catalogue.openFile('/a');
  expect(file.segments.map(({ id }) => id)).toEqual([first, second]);
  expect(file).toMatchObject({ size: 6, crc32: crc32('onetwo') });
  expect(combineCrc32(crc32('one'), crc32('two'), 3)).toBe(file.crc32);
});

test('appending to what somebody else has replaced or lengthened is refused, and nothing changes', async () => {
  await store('/a', 'one');
  const before = await catalogue.openFile('/a');
  await store('/a', 'two', before);
  await expect(store('/a', 'three', before)).rejects.toMatchObject({ kind: 'busy' });
  await store('/a', 'new');
  await expect(store('/a', 'three', before)).rejects.toMatchObject({ kind: 'busy' });
  expect((await catalogue.openFile('/a')).size).toBe(3);
});

test('a partial upload survives a restart, grows, and becomes the file', async () => {
  const first = await suspend('/a', 'one');
  await reopen();
  expect(await catalogue.abandonUnfinished()).toBe(0);
  expect(await names('/')).toEqual([]);
  expect(await catalogue.statPartial('/a')).toMatchObject({ name: 'a', size: 3 });
  const second = await suspend('/a', 'two', await catalogue.checkUpload('/a'));
  const partial = await catalogue.checkUpload('/a');
  expect(partial).toMatchObject({ complete: false, size: 6, crc32: crc32('onetwo') });
  const third = await store('/a', 'three', partial);
  const file = await catalogue.openFile('/a');
  expect(file).toMatchObject({ complete: true, size: 11, crc32: crc32('onetwothree') });
  expect(file.segments.map(({ id }) => id)).toEqual([first.id, second.id, third]);
  expect(await catalogue.statPartial('/a')).toBeUndefined();
  expect(await garbage()).toEqual([]);
});

test('what continues a partial upload that has changed or gone is refused, and nothing of it is kept', async () => {
  await suspend('/a', 'one');
  const before = await catalogue.checkUpload('/a');
  await suspend('/a', 'two', before);
  await expect(store('/a', 'three', before)).rejects.toMatchObject({ kind: 'busy' });
  expect((await suspend('/a', 'four', before)).kept).toBe(false);
  const now = await catalogue.checkUpload('/a');
  await store('/a', 'whole');
  await expect(store('/a', 'five', now)).rejects.toMatchObject({ kind: 'busy' });
  expect((await suspend('/a', 'six', now)).kept).toBe(false);
  expect((await suspend('/a', 'seven')).kept).toBe(false);
  expect((await catalogue.openFile('/a')).size).toBe(5);
});

test('old partial uploads are dropped, those that are being continued stay', async () => {
  const old = await suspend('/old', 'one');
  await suspend('/continued', 'two');
  const continued = (await catalogue.checkUpload('/continued'))?.id;
  expect(await catalogue.dropPartials(new Date(Date.now() - 60_000), () => false)).toBe(0);
  expect(await catalogue.dropPartials(new Date(Date.now() + 1), (id) => id === continued)).toBe(1);
  expect(await garbage()).toEqual([old.id]);
  expect(await catalogue.statPartial('/continued')).toBeDefined();
});

test('what was being written at the end of the last run becomes garbage at the next start', async () => {
  const kept = await store('/a', 'one');
  const cut = await begin();
  await reopen();
  expect(await catalogue.abandonUnfinished()).toBe(1);
  expect(await garbage()).toEqual([cut]);
  expect((await catalogue.openFile('/a')).segments.map(({ id }) => id)).toEqual([kept]);
});

test('a segment is forgotten when its last part is gone', async () => {
  const segment = await store('/a', 'one');
  await catalogue.removeFile('/a');
  await catalogue.forgetParts([{ segment, index: 0, settled: true }]);
  expect(await catalogue.garbage(1, 100)).toEqual([]);
  expect(await catalogue.garbage(2, 100)).toEqual([{ segment, index: 1, settled: true }]);
  await catalogue.forgetParts([{ segment, index: 1, settled: true }]);
  expect((await catalogue.totals()).garbageSegments).toBe(0);
});

test('renaming moves files and whole folders, and replaces a file', async () => {
  await catalogue.makeDirectory('/a');
  await catalogue.makeDirectory('/a/b');
  await store('/a/b/file', 'one');
  await catalogue.rename('/a', '/c');
  expect((await catalogue.stat('/c/b/file')).size).toBe(3);
  const replaced = await store('/target', 'two!');
  await catalogue.rename('/c/b/file', '/target');
  expect((await catalogue.stat('/target')).size).toBe(3);
  expect(await garbage()).toEqual([replaced]);
  await catalogue.rename('/target', '/target');
  expect(await names('/')).toEqual(['c', 'target']);
});

test('what cannot be done says why and changes nothing', async () => {
  await catalogue.makeDirectory('/dir');
  await catalogue.makeDirectory('/dir/sub');
  await store('/file', 'one');
  const refusals: [Promise<unknown>, string][] = [
    [catalogue.stat('/none'), 'missing'],
    [catalogue.list('/file'), 'not-a-directory'],
    [catalogue.list('/file/below'), 'missing'],
    [catalogue.makeDirectory('/dir'), 'exists'],
    [catalogue.makeDirectory('/none/below'), 'missing'],
    [catalogue.removeDirectory('/dir'), 'not-empty'],
    [catalogue.removeDirectory('/file'), 'not-a-directory'],
    [catalogue.removeDirectory('/'), 'denied'],
    [catalogue.removeFile('/dir'), 'is-a-directory'],
    [catalogue.rename('/none', '/x'), 'missing'],
    [catalogue.rename('/file', '/dir'), 'exists'],
    [catalogue.rename('/dir', '/file'), 'exists'],
    [catalogue.rename('/dir', '/dir/sub/dir'), 'denied'],
    [catalogue.checkUpload('/dir'), 'is-a-directory'],
    [catalogue.checkUpload('/none/below'), 'missing'],
    [store('/dir', 'x'), 'is-a-directory'],
  ];
  for (const [refusal, kind] of refusals) await expect(refusal).rejects.toMatchObject({ kind });
  expect(await names('/')).toEqual(['dir', 'file']);
  expect(await names('/dir')).toEqual(['sub']);
});

test('a second coordinator on the same folder is refused', () => {
  expect(() => new SqliteCatalogue(folder)).toThrow(/another coordinator/);
});

test('totals', async () => {
  await catalogue.makeDirectory('/dir');
  await store('/dir/a', 'one');
  await store('/b', 'four');
  await suspend('/c', 'behind');
  expect(await catalogue.totals()).toEqual({
    files: 2,
    folders: 1,
    bytes: 7,
    partialUploads: 1,
    partialBytes: 6,
    garbageSegments: 0,
    missingParts: 0,
    servers: new Map([
      [1, { parts: 3, bytes: 1800 }],
      [2, { parts: 3, bytes: 1800 }],
    ]),
  });
});

test('a digest is remembered as long as the content lasts', async () => {
  await store('/a', 'one');
  const entry = await catalogue.stat('/a');
  expect(await catalogue.digest('/a', 'SHA-256')).toBeUndefined();
  await catalogue.rememberDigest(entry, 'SHA-256', 'd1');
  await catalogue.rememberDigest(entry, 'SHA-1', 'd2');
  await catalogue.rename('/a', '/b');
  await catalogue.setModified('/b', new Date(0));
  await reopen();
  expect(await catalogue.digest('/b', 'SHA-256')).toBe('d1');
  expect(await catalogue.digest('/b', 'SHA-1')).toBe('d2');
  await store('/b', 'two', await catalogue.openFile('/b'));
  expect(await catalogue.digest('/b', 'SHA-256')).toBeUndefined();
  // Of the content before, and of a file that is gone: computed too late.
  await catalogue.rememberDigest(entry, 'SHA-256', 'late');
  expect(await catalogue.digest('/b', 'SHA-256')).toBeUndefined();
  await store('/b', 'new');
  await catalogue.rememberDigest(entry, 'SHA-256', 'late');
  expect(await catalogue.digest('/b', 'SHA-256')).toBeUndefined();
  await expect(catalogue.digest('/', 'SHA-256')).rejects.toMatchObject({ kind: 'is-a-directory' });
});

test('a catalogue of the first version is brought up to date with all it holds', async () => {
  const old = join(folder, 'old');
  await mkdir(old);
  const database = new DatabaseSync(join(old, 'catalogue.sqlite'));
  database.exec(schemaSteps[0] ?? '');
  database.exec(`
    PRAGMA user_version = 1;
    INSERT INTO pool VALUES ('splitftp-old');
    INSERT INTO entry VALUES ('root', NULL, '', 'directory', 0, 0, 0), ('f', 'root', 'a', 'file', 3, 7, 0);
  `);
  database.close();
  for (const start of ['first', 'second']) {
    const updated = new SqliteCatalogue(old);
    expect(updated.pool, start).toBe('splitftp-old');
    const entry = await updated.stat('/a');
    expect(entry).toMatchObject({ size: 3, unique: 'f' });
    await updated.rememberDigest(entry, 'SHA-256', start);
    expect(await updated.digest('/a', 'SHA-256')).toBe(start);
    await updated.close();
  }
});

test('a catalogue of a later version is refused', async () => {
  const later = join(folder, 'later');
  await mkdir(later);
  const database = new DatabaseSync(join(later, 'catalogue.sqlite'));
  database.exec(`PRAGMA user_version = ${schemaSteps.length + 1}`);
  database.close();
  expect(() => new SqliteCatalogue(later)).toThrow('newer SplitFTP');
});

test('the sums of parts are those of the parts, whatever becomes of them', async () => {
  const kept = await store('/a', 'one');
  const gone = await store('/b', 'two');
  await begin();
  await catalogue.markPartMissing(kept, 0, 1);
  await catalogue.markPartStored(kept, 0, 5, { headerBytes: 10, bytes: 70 });
  await catalogue.upkeep.beginMove(kept, 1, 4);
  await catalogue.upkeep.finishMove(kept, 1, 2, 4, { headerBytes: 10, bytes: 80 });
  await catalogue.markPartMissing(gone, 1, 2);
  await catalogue.removeFile('/b');
  const totals = await catalogue.totals();
  expect(totals.servers.get(4)).toEqual({ parts: 1, bytes: 80 });
  expect(await catalogue.upkeep.verified(new Date(0))).toMatchObject({ parts: 2, verified: 2 });
  await catalogue.close();
  const database = new DatabaseSync(join(folder, 'catalogue.sqlite'));
  const counted = database
    .prepare(
      `SELECT server, count(*) AS parts, sum(bytes) AS bytes FROM part WHERE state = 'stored' GROUP BY server`,
    )
    .all();
  database.close();
  catalogue = new SqliteCatalogue(folder);
  expect([...totals.servers].map(([server, sum]) => ({ server, ...sum }))).toEqual(
    counted.map((row) => ({ ...row })),
  );
  await catalogue.forgetParts([0, 1].map((index) => ({ segment: gone, index, settled: true })));
  const left = (await catalogue.totals()).servers;
  expect(left.get(1)).toEqual({ parts: 1, bytes: 0 }); // Of the upload that has begun.
});

test('of a catalogue that is made anew, a file whose segments do not add up to its size is lost', () => {
  const restored = new RestoredCatalogue(join(folder, 'restored.sqlite'), 'splitftp-0123456789ab');
  const entry = { change: 'entry', kind: 'file', crc32: 0, modified: 0 } as const;
  const root = { ...entry, id: rootId, parent: null, name: '', kind: 'directory', size: 0 } as const;
  const whole = { ...entry, id: 'b'.repeat(32), parent: rootId, name: 'empty', size: 0 };
  const short = { ...entry, id: 'c'.repeat(32), parent: rootId, name: 'short', size: 5 };
  restored.apply([root, whole, short]);
  expect(restored.lostFiles(10)).toEqual(['/short']);
  restored.close();
});
