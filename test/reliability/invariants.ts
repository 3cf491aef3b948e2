/**
 * What must be true of a pool whenever nothing is going on: said by the coordinator over FTP, found in the storage
 * servers' folders, compared with what the test has stored.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'basic-ftp';
import * as v from 'valibot';
import type { Configuration } from '../../src/config/configuration.ts';
import { ErasureCode } from '../../src/erasure/erasure-code.ts';
import { firstDifference } from '../integration/content.ts';
import { retrieve } from '../integration/ftp-session.ts';
import { readPartFile } from './part-files.ts';

/** Paths of files with their content, and of folders with none. */
export type Tree = ReadonlyMap<string, Buffer | undefined>;

export interface Pool {
  readonly configuration: Configuration;
}

const reportedPart = v.object({
  kind: v.literal('part'),
  segment: v.number(),
  index: v.number(),
  role: v.picklist(['data', 'parity']),
  number: v.number(),
  path: v.string(),
  bytes: v.number(),
  state: v.optional(v.string(), 'stored'),
});
export type ReportedPart = v.InferOutput<typeof reportedPart>;

const reportedCoordinator = v.object({
  kind: v.literal('coordinator'),
  garbage: v.number(),
  partialUploads: v.number(),
  /** Absent from a coordinator that repairs nothing by itself. */
  repair: v.optional(v.object({ parts: v.number(), reason: v.optional(v.string()) })),
});

const reportedServer = v.object({ kind: v.literal('storage server'), state: v.string() });

/** Milliseconds for what happens in the background: removing old parts, repair. */
const patience = 120_000;

/**
 * Waits until nothing is left to be removed or repaired, then checks: the tree is exactly this one; every part that a
 * file needs is on its server, whole, and of this content; nothing else is there.
 * @throws Error that says what is wrong
 */
export async function checkPool(pool: Pool, session: Client, tree: Tree): Promise<void> {
  await settle(session);
  const repairs = (await status(session)).repair !== undefined;
  const found = await listTree(session, '/');
  const expected = [...tree.keys()].sort();
  demandEqual(found, expected, 'paths');
  const all: ReportedPart[] = [];
  for (const [path, content] of tree) {
    if (content === undefined) continue;
    const difference = firstDifference(await retrieve(session, path), content);
    if (difference !== undefined) throw new Error(`${path}: ${difference}`);
    const parts = await whereReachable(session, path);
    const stored = parts.filter(isStored);
    if (repairs && stored.length < parts.length) {
      throw new Error(
        `${path}: not every part is stored, and nothing is to be repaired: ${JSON.stringify(parts)}`,
      );
    }
    all.push(...parts);
    await checkParts(pool, path, content, stored);
  }
  for (const { number } of pool.configuration.storageServers) {
    const own = all.filter((part) => part.number === number);
    const stored = own.filter(isStored).map(({ path }) => path);
    // What lies in the place of a part that is to be repaired will be overwritten.
    const found = (await partsOn(pool, number)).filter(
      (path) => stored.includes(path) || !own.some((part) => part.path === path),
    );
    demandEqual(found, stored.sort(), `parts on storage server ${number}`);
  }
}

function isStored({ state, bytes }: ReportedPart): boolean {
  return state === 'stored' && bytes > 0;
}

/** Resolves when the coordinator has nothing left to remove, and every part of every file is stored. */
export async function settle(session: Client): Promise<void> {
  const deadline = Date.now() + patience;
  for (let pause = 5; ; pause = Math.min(pause * 2, 250)) {
    const { garbage, partialUploads, repair, draining, down } = await status(session);
    const missing = repair?.parts ?? 0;
    if (partialUploads > 0) throw new Error('a partial upload is left');
    if (garbage === 0 && missing === 0 && draining === 0 && down === 0) return;
    if (Date.now() > deadline) {
      const why = repair?.reason ?? '';
      throw new Error(
        `${garbage} segments to remove, ${missing} parts to repair after ${patience} ms ${why}`,
      );
    }
    await delay(pause);
    await tryAtOnce(session, repair !== undefined && missing > 0);
  }
}

/** What waits for its next attempt is tried at once; a folder that is made or removed wakes the collector. */
async function tryAtOnce(session: Client, repairs: boolean): Promise<void> {
  await session.send('MKD /wake');
  await session.send('RMD /wake');
  if (repairs) await session.send('SITE REPAIR');
}

export interface PoolStatus extends v.InferOutput<typeof reportedCoordinator> {
  /** Storage servers that are yet to be emptied. */
  readonly draining: number;
  /** Storage servers that do not answer. */
  readonly down: number;
}

export async function status(session: Client): Promise<PoolStatus> {
  const { message } = await session.send('SITE STATUS');
  const lines = jsonLines(message);
  const states = lines.flatMap((line) => (v.is(reportedServer, line) ? line.state : []));
  const count = (state: string) => states.filter((each) => each === state).length;
  for (const line of lines) {
    const parsed = v.safeParse(reportedCoordinator, line);
    if (parsed.success) return { ...parsed.output, draining: count('draining'), down: count('down') };
  }
  throw new Error('the coordinator does not report about itself');
}

/** Every part of a file, once no server counts as down for a moment. */
async function whereReachable(session: Client, path: string): Promise<ReportedPart[]> {
  for (const deadline = Date.now() + patience; ; await delay(100)) {
    const parts = await where(session, path);
    if (Date.now() > deadline || parts.every(({ state }) => state !== 'unreachable')) return parts;
  }
}

/** Every part of a file. */
export async function where(session: Client, path: string): Promise<ReportedPart[]> {
  const parts: ReportedPart[] = [];
  for (;;) {
    const { message } = await session.send(`SITE WHERE -from ${parts.length} ${path}`);
    const page = jsonLines(message).map((line) => v.parse(reportedPart, line));
    parts.push(...page);
    if (page.length < 100) return parts;
  }
}

function jsonLines(reply: string): unknown[] {
  return reply
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
}

/** Every path below a folder, sorted. */
export async function listTree(session: Client, folder: string): Promise<string[]> {
  const paths: string[] = [];
  for (const entry of await session.list(folder)) {
    const path = `${folder === '/' ? '' : folder}/${entry.name}`;
    paths.push(path);
    if (entry.isDirectory) paths.push(...(await listTree(session, path)));
  }
  return paths.sort();
}

/** Each part is whole and where it should be, the data parts hold the content, the parity parts its parity. */
async function checkParts(
  pool: Pool,
  path: string,
  content: Buffer,
  parts: readonly ReportedPart[],
): Promise<void> {
  let offset = 0;
  for (let segment = 0; offset < content.length; segment++) {
    const own = parts.filter((part) => part.segment === segment).sort((a, b) => a.index - b.index);
    const files = await Promise.all(
      own.map(async (part) => {
        const bytes = await readFile(join(folderOf(pool, part.number), part.path)).catch((error: unknown) => {
          throw new Error(`${path}: storage server ${part.number} lacks ${part.path}`, { cause: error });
        });
        if (bytes.length !== part.bytes) throw new Error(`${path}: ${part.path} has ${bytes.length} bytes`);
        try {
          return readPartFile(bytes);
        } catch (error) {
          throw new Error(`${path}: ${part.path} on storage server ${part.number}`, { cause: error });
        }
      }),
    );
    const first = files[0];
    if (!first) throw new Error(`${path}: its bytes from ${offset} on are in no segment`);
    const { layout, blockBytes } = first.header;
    const { dataParts, parityParts } = layout;
    if (files.length < dataParts) throw new Error(`${path}: only ${files.length} parts are stored`);
    const code = new ErasureCode(dataParts, parityParts);
    const stripeBytes = dataParts * blockBytes;
    for (let stripe = 0; stripe < first.footer.stripes; stripe++) {
      const end = Math.min(offset + stripeBytes, offset + first.footer.length - stripe * stripeBytes);
      const bytes = content.subarray(offset, end);
      offset = end;
      const share = Math.ceil(bytes.length / dataParts);
      const data = Array.from({ length: dataParts }, (_, index) =>
        bytes.subarray(index * share, (index + 1) * share),
      );
      const padded = data.map((block) => Buffer.concat([block, Buffer.alloc(share - block.length)]));
      const parity = Array.from({ length: parityParts }, () => Buffer.alloc(share));
      code.encode(padded, parity);
      for (const { header, blocks } of files) {
        const expected = [...data, ...parity][header.index];
        if (!expected || !blocks[stripe]?.equals(expected)) {
          throw new Error(
            `${path}: stripe ${stripe} of segment ${segment} is of another content in part ${header.index}`,
          );
        }
      }
    }
  }
}

/** Files on a storage server that are parts, finished or not, by path, sorted. */
async function partsOn(pool: Pool, server: number): Promise<string[]> {
  const folder = folderOf(pool, server);
  const names = await readdir(folder, { recursive: true });
  return names
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => /\/[0-9a-f]{2}\/[0-9a-f]{32}\.\d+(\.\w+)?$/.test(name))
    .sort();
}

/** Checks the file of a catalogue whose coordinator has ended. */
export function checkCatalogueFile(folder: string): void {
  const database = new DatabaseSync(join(folder, 'catalogue.sqlite'));
  try {
    demandEqual(database.prepare('PRAGMA integrity_check').all(), [{ integrity_check: 'ok' }], 'integrity');
    demandEqual(database.prepare('PRAGMA foreign_key_check').all(), [], 'foreign keys');
    demandEqual(
      database
        .prepare(`SELECT id FROM segment WHERE state = 'live' AND file IS NULL AND partial IS NULL`)
        .all(),
      [],
      'live segments of no file',
    );
  } finally {
    database.close();
  }
}

function folderOf({ configuration }: Pool, server: number): string {
  const found = configuration.storageServers.find(({ number }) => number === server);
  if (!found) throw new Error(`there is no storage server ${server}`);
  return found.folder;
}

function demandEqual(actual: unknown, expected: unknown, what: string): void {
  const [left, right] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (left !== right) throw new Error(`${what}: ${left} instead of ${right}`);
}
