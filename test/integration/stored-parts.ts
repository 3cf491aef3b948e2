/** What lies in the storage servers' folders, seen from outside: by the documented format, not by SplitFTP's code. */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { crc32 } from 'node:zlib';
import * as v from 'valibot';
import { expect, vi } from 'vitest';
import type { Configuration } from '../../src/config/configuration.ts';
import type { PartReport } from '../../src/site/reports.ts';

interface Stored {
  readonly configuration: Configuration;
}

/**
 * Every file that a storage server's folder holds, the unfinished too, but not the journal: paths below the folder,
 * with `/`.
 */
export async function storedFiles({ configuration }: Stored, server: number): Promise<string[]> {
  const folder = storageFolder(configuration, server);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []; // Changed while it was read.
    throw error;
  });
  return entries
    .filter((entry) => !entry.isDirectory() && entry.name !== 'server.json') // Names the server.
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .filter((path) => !path.includes('/journal/'))
    .sort();
}

export function partFile({ configuration }: Stored, part: PartReport): string {
  return join(storageFolder(configuration, part.number), part.path);
}

/** Waits until the storage servers hold exactly the parts of these files; old ones are removed in the background. */
export async function expectOnlyParts(stored: Stored, parts: readonly PartReport[]): Promise<void> {
  await vi.waitFor(
    async () => {
      for (const { number } of stored.configuration.storageServers) {
        const expected = parts.filter((part) => part.number === number).map(({ path }) => path);
        expect(await storedFiles(stored, number)).toEqual(expected.sort());
      }
    },
    { timeout: 30_000, interval: 100 },
  );
}

const header = v.object({
  segment: v.string(),
  index: v.number(),
  blockBytes: v.number(),
  layout: v.object({ dataParts: v.number(), parityParts: v.number() }),
});
const footer = v.object({ length: v.number(), stripes: v.number() });

/** The blocks of a part, as `docs/part-format.md` describes it; every checksum is verified. */
export async function readBlocks(path: string): Promise<Buffer[]> {
  const file = await readFile(path);
  expect(file.subarray(0, 8).toString()).toBe('SplitFTP');
  const bodyStart = 16 + file.readUInt32BE(8);
  const head = v.parse(header, jsonOf(file.subarray(16, bodyStart), file.readUInt32BE(12)));
  expect(file.subarray(-8).toString()).toBe('SplitEnd');
  const bodyEnd = file.length - 16 - file.readUInt32BE(file.length - 16);
  const foot = v.parse(footer, jsonOf(file.subarray(bodyEnd, -16), file.readUInt32BE(file.length - 12)));

  const blocks: Buffer[] = [];
  const context = Buffer.alloc(24);
  context.write(head.segment, 'hex');
  context.writeUInt32BE(head.index, 16);
  let at = bodyStart;
  for (let stripe = 0; stripe < foot.stripes; stripe++) {
    const { dataParts } = head.layout;
    const rest = Math.min(dataParts * head.blockBytes, foot.length - stripe * dataParts * head.blockBytes);
    const share = Math.ceil(rest / dataParts);
    const length = head.index < dataParts ? Math.max(0, Math.min(share, rest - head.index * share)) : share;
    const block = file.subarray(at, at + length);
    blocks.push(block);
    if (length === 0) continue;
    context.writeUInt32BE(stripe, 20);
    expect(crc32(block, crc32(context))).toBe(file.readUInt32BE(at + length));
    at += length + 4;
  }
  expect(at).toBe(bodyEnd);
  return blocks;
}

function jsonOf(bytes: Buffer, checksum: number): unknown {
  expect(crc32(bytes)).toBe(checksum);
  return JSON.parse(bytes.toString());
}

function storageFolder({ storageServers }: Configuration, server: number): string {
  const found = storageServers.find(({ number }) => number === server);
  if (found === undefined) throw new Error(`there is no storage server ${server}`);
  return found.folder;
}
