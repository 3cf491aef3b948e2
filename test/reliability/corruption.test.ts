/** Every region of a part damaged in every way: always noticed, never a wrong byte, and repaired where there is parity. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from 'basic-ftp';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { content, firstDifference } from '../integration/content.ts';
import { receive, retrieve, store } from '../integration/ftp-session.ts';
import { seedOfRun } from '../seed.ts';
import { type Damage, damages } from './damage.ts';
import { checkPool, type ReportedPart, status, where } from './invariants.ts';
import { readPartFile } from './part-files.ts';
import { Random } from './random.ts';
import { patienceOfTests, Rig } from './rig.ts';
import { verify } from './upkeep.ts';

const layouts = [
  { dataParts: 2, parityParts: 0 },
  { dataParts: 2, parityParts: 1 },
  { dataParts: 4, parityParts: 2 },
];
/** With `SPLITFTP_ALL_DAMAGES=1` each damage at each part, else at one of the seed's choice. */
const everyPart = process.env.SPLITFTP_ALL_DAMAGES === '1';

describe.each(layouts)('$dataParts+$parityParts', ({ dataParts, parityParts }) => {
  const count = dataParts + parityParts;
  const random = new Random(seedOfRun());
  /** Three stripes and a half, so that there is a block of each kind. */
  const bytes = content(Math.floor(3.5 * dataParts * 262_144) + 3, 1);
  let rig: Rig;
  let session: Client;
  let files = 0;

  beforeAll(async () => {
    rig = await Rig.start({ dataParts, parityParts, timeout: 30 });
  });
  beforeEach(async () => {
    session = await rig.session();
    // What a failed test left behind must not make the next one fail.
    for (const { name } of await session.list('/')) await session.remove(`/${name}`);
  });
  afterEach(() => session.close());
  afterAll(() => rig.stop());

  const pathOf = (part: ReportedPart) =>
    join(rig.configuration.storageServers[part.number - 1]?.folder ?? '', part.path);

  interface StoredFile {
    readonly path: string;
    readonly parts: readonly ReportedPart[];
    /** Each part as it was written, and that of the version before. */
    readonly written: readonly Buffer[];
    readonly stale: readonly Buffer[];
  }

  const partFiles = async (path: string) =>
    Promise.all((await where(session, path)).map((part) => readFile(pathOf(part))));

  /** A file of which one version has been replaced, so that there are stale parts. */
  async function freshFile(): Promise<StoredFile> {
    files += 1;
    const path = `/file${files}`;
    await store(session, path, content(bytes.length, 2));
    const stale = await partFiles(path);
    await store(session, path, bytes);
    return { path, parts: await where(session, path), written: await partFiles(path), stale };
  }

  async function apply(damage: Damage, index: number, { parts, written, stale }: StoredFile): Promise<void> {
    const [part, original] = [parts[index], written[index]];
    const [sibling, earlier] = [written[(index + 1) % written.length], stale[index]];
    if (!part || !original || !sibling || !earlier) throw new Error(`there is no part ${index}`);
    const instead = damage.apply({ bytes: original, part: readPartFile(original), sibling, stale: earlier });
    if (instead === undefined) await rm(pathOf(part));
    else await writeFile(pathOf(part), instead);
  }

  async function expectRepaired(path: string, contents: ReadonlyMap<string, Buffer>): Promise<void> {
    if ((await status(session)).repair === undefined) return;
    await verify(session, path);
    await checkPool(rig, session, contents);
  }

  test.each(damages)('$name', { timeout: patienceOfTests }, async (damage) => {
    const indexes = everyPart ? Array.from({ length: count }, (_, index) => index) : [random.below(count)];
    for (const index of indexes) {
      const file = await freshFile();
      const { path, parts } = file;
      await apply(damage, index, file);
      // With as many others gone as there is parity, the damaged part is needed: it must not be believed.
      const others = parts.filter((part) => part.index !== index).slice(0, parityParts);
      await Promise.all(others.map(({ number }) => rig.proxy(number).down()));
      const { bytes: arrived, error } = await receive(session, path);
      await Promise.all(others.map(({ number }) => rig.proxy(number).up()));
      expect(String(error)).toMatch(/storage server \d/);
      expect(firstDifference(arrived, bytes.subarray(0, arrived.length))).toBeUndefined();
      if (parityParts === 0) {
        await session.remove(path);
        continue;
      }
      expect(firstDifference(await retrieve(session, path), bytes)).toBeUndefined();
      await expectRepaired(path, new Map([[path, bytes]]));
      await session.remove(path);
    }
  });

  if (parityParts === 0) return;

  test('as many damaged parts as there is parity, in random ways', { timeout: patienceOfTests }, async () => {
    for (let round = 0; round < 10; round++) {
      const file = await freshFile();
      const { path } = file;
      const chosen = new Set<number>();
      while (chosen.size < parityParts) chosen.add(random.below(count));
      for (const index of chosen) {
        const damage = random.pick(damages);
        if (damage) await apply(damage, index, file);
      }
      const offset = random.below(bytes.length);
      expect(firstDifference(await retrieve(session, path, offset), bytes.subarray(offset))).toBeUndefined();
      await expectRepaired(path, new Map([[path, bytes]]));
      await session.remove(path);
    }
  });

  test('one bit flipped in each of a hundred random places', { timeout: patienceOfTests }, async () => {
    const paths = Array.from({ length: 25 }, (_, index) => `/bits${index}`);
    const contents = new Map<string, Buffer>();
    for (const [index, path] of paths.entries()) {
      contents.set(path, content(20_000 + random.below(300_000), index));
      await store(session, path, contents.get(path) ?? Buffer.alloc(0));
    }
    // Of each segment no more parts than there is parity: more would be lost, as it should be.
    const flipped = new Set<string>();
    for (let flips = 0; flips < 100; flips++) {
      const parts = await where(session, random.pick(paths) ?? '');
      const known = parts.filter(({ path }) => flipped.has(path));
      const part = known.length >= parityParts ? random.pick(known) : random.pick(parts);
      if (!part) throw new Error('there is no part');
      flipped.add(part.path);
      const file = await readFile(pathOf(part));
      const offset = random.below(file.length);
      file[offset] = (file[offset] ?? 0) ^ (1 << random.below(8));
      await writeFile(pathOf(part), file);
    }
    for (const [path, expected] of contents) {
      expect(firstDifference(await retrieve(session, path), expected), path).toBeUndefined();
    }
    await expectRepaired('/', contents);
    const again = await verify(session, '/');
    if (again) expect(again).toMatchObject({ damaged: 0, missing: 0 });
  });
});
