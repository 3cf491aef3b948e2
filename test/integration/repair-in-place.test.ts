/** Storage servers on which an upload destroys what it replaces: a repair must not cost blocks that are left. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Client } from 'basic-ftp';
import { expect, onTestFinished, test, vi } from 'vitest';
import { settle, where } from '../reliability/invariants.ts';
import { Rig } from '../reliability/rig.ts';
import { verify } from '../reliability/upkeep.ts';
import { flipBit } from './bit-flip.ts';
import { content } from './content.ts';
import { retrieve, store } from './ftp-session.ts';

const timeout = 240_000;
const path = '/file';
/** Six stripes at 2+1. */
const bytes = content(3_000_000, 1);

/** A pool with a file in it. */
async function startPool(storageServers: number): Promise<{ readonly rig: Rig; readonly session: Client }> {
  const rig = await Rig.start({ dataParts: 2, parityParts: 1, storageServers, plain: 'in-place' });
  onTestFinished(() => rig.stop());
  const session = await rig.session();
  onTestFinished(() => session.close());
  await store(session, path, bytes);
  return { rig, session };
}

/** Native path of the file's part of that index, and the number of its storage server. */
async function partAt(rig: Rig, session: Client, index: number): Promise<{ file: string; number: number }> {
  const part = (await where(session, path)).find((each) => each.index === index);
  const server = rig.configuration.storageServers.find(({ number }) => number === part?.number);
  if (!part || !server) throw new Error(`there is no part ${index}`);
  return { file: join(server.folder, part.path), number: part.number };
}

/** A bit of a part is wrong. @param place from 0, its first byte, to 1 */
async function damage(file: string, place: number): Promise<void> {
  await flipBit(file, Math.floor((await stat(file)).size * place));
}

/** Parts that are damaged in different places: together they still hold everything. */
async function damageTwo(rig: Rig, session: Client): Promise<string[]> {
  const files = [(await partAt(rig, session, 0)).file, (await partAt(rig, session, 1)).file];
  for (const [position, file] of files.entries()) await damage(file, position === 0 ? 0.2 : 0.8);
  expect((await verify(session, '/'))?.damaged).toBe(2);
  return files;
}

async function digestOf(file: string): Promise<number> {
  return crc32(await readFile(file));
}

async function expectReadable(session: Client): Promise<void> {
  expect((await retrieve(session, path)).equals(bytes)).toBe(true);
}

async function expectReason(session: Client, reason: string): Promise<void> {
  await vi.waitFor(async () => expect((await session.send('SITE STATUS')).message).toContain(reason), {
    timeout: 120_000,
    interval: 100,
  });
}

async function expectWhole(session: Client): Promise<void> {
  await settle(session);
  expect(await verify(session, '/')).toMatchObject({ damaged: 0, missing: 0, unreachable: 0, parts: 3 });
  await expectReadable(session);
}

test('a damaged part that may be needed as a source is not overwritten', { timeout }, async () => {
  const { rig, session } = await startPool(3);
  const files = await damageTwo(rig, session);
  const before = await Promise.all(files.map(digestOf));
  await expectReason(session, 'cannot replace a file while what is left of it is read');
  expect(await Promise.all(files.map(digestOf))).toEqual(before);
  await expectReadable(session);
});

test('it is made on another server instead, where there is one', { timeout }, async () => {
  const { rig, session } = await startPool(5);
  await damageTwo(rig, session);
  await expectWhole(session);
});

test('nor is one whose blocks are wrong in a source that nobody has read yet', { timeout }, async () => {
  const { rig, session } = await startPool(3);
  const [{ file, number }, other] = [await partAt(rig, session, 0), await partAt(rig, session, 2)];
  // Until the other part is damaged, too, the first one cannot be made again.
  rig.proxy(number).arm({ kind: 'says-451', at: 'STOR' });
  await damage(file, 0.8);
  expect((await verify(session, '/'))?.damaged).toBe(1);
  session.close();
  await rig.stopCoordinator();
  await damage(other.file, 0.2);
  const before = await digestOf(file);
  rig.proxy(number).arm(undefined);
  await rig.startCoordinator();
  const next = await rig.session();
  onTestFinished(() => next.close());
  await expectReason(next, 'cannot replace a file while what is left of it is read');
  expect(await digestOf(file)).toBe(before);
  await expectReadable(next);
});

test('a part that nothing else needs is made again where it was', { timeout }, async () => {
  const { rig, session } = await startPool(3);
  const { file } = await partAt(rig, session, 0);
  const right = await digestOf(file);
  const places = (await where(session, path)).map(({ number }) => number);
  await damage(file, 0.8);
  expect((await verify(session, '/'))?.damaged).toBe(1);
  await expectWhole(session);
  expect(await digestOf(file)).not.toBe(right); // Its header tells when it was written.
  expect((await where(session, path)).map(({ number }) => number)).toEqual(places);
});

test('a repair that is broken off in the middle costs nothing that is needed', { timeout }, async () => {
  const { rig, session } = await startPool(3);
  const { file, number } = await partAt(rig, session, 0);
  const proxy = rig.proxy(number);
  proxy.arm({ kind: 'data-reset', at: 'STOR' });
  await damage(file, 0.8);
  expect((await verify(session, '/'))?.damaged).toBe(1);
  await vi.waitFor(async () => expect((await stat(file)).size).toBe(0), { timeout: 120_000, interval: 20 });
  await expectReadable(session);
  proxy.arm(undefined);
  await expectWhole(session);
});
