/** Storage servers that can only overwrite a file: what is left of a damaged part must not be lost by its repair. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { settle } from '../reliability/invariants.ts';
import { Rig } from '../reliability/rig.ts';
import { verify } from '../reliability/upkeep.ts';
import { flipBit } from './bit-flip.ts';
import { content } from './content.ts';
import { retrieve, store } from './ftp-session.ts';

const timeout = 240_000;
const path = '/file';
const bytes = content(3_000_000, 1);

/** A pool of servers without rename and without atomic uploads, with a file in it. */
async function startPool(storageServers: number): Promise<Rig> {
  const rig = await Rig.start({ dataParts: 2, parityParts: 1, storageServers, plain: true });
  onTestFinished(() => rig.stop());
  await rig.stopCoordinator();
  for (const proxy of rig.proxies) proxy.arm({ kind: 'says-502-unknown', at: 'RNFR' });
  await rig.startCoordinator();
  return rig;
}

/** Native paths of all parts. */
async function partFiles({ configuration }: Rig): Promise<string[]> {
  const found: string[] = [];
  for (const { folder } of configuration.storageServers) {
    const names = await readdir(folder, { recursive: true });
    found.push(...names.filter((name) => /[0-9a-f]{32}\.\d$/.test(name)).map((name) => join(folder, name)));
  }
  return found;
}

/** Parts that are damaged in different places: together they still hold everything. */
async function damageTwo(rig: Rig): Promise<string[]> {
  const damaged = (await partFiles(rig)).slice(0, 2);
  for (const [position, file] of damaged.entries()) {
    await flipBit(file, Math.floor((await stat(file)).size * (position === 0 ? 0.2 : 0.8)));
  }
  return damaged;
}

test('a damaged part that may be needed as a source is not overwritten', { timeout }, async () => {
  const rig = await startPool(3);
  const session = await rig.session();
  await store(session, path, bytes);
  const damaged = await damageTwo(rig);
  const before = await Promise.all(damaged.map((file) => readFile(file)));
  expect((await verify(session, '/'))?.damaged).toBe(2);
  await vi.waitFor(
    async () => {
      const { message } = await session.send('SITE STATUS');
      expect(message).toContain('cannot replace a file without overwriting what is left of it');
    },
    { timeout: 120_000, interval: 100 },
  );
  expect(await Promise.all(damaged.map((file) => readFile(file)))).toEqual(before);
  session.close();
});

test('it is made on another server instead, where there is one', { timeout }, async () => {
  const rig = await startPool(5);
  const session = await rig.session();
  await store(session, path, bytes);
  await damageTwo(rig);
  expect((await verify(session, '/'))?.damaged).toBe(2);
  await settle(session);
  const report = await verify(session, '/');
  expect(report).toMatchObject({ damaged: 0, missing: 0, unreachable: 0, parts: 3 });
  expect((await retrieve(session, path)).equals(bytes)).toBe(true);
  session.close();
});
