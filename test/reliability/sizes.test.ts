/** Sizes x layouts: every file is stored, read back, and read with as many storage servers gone as there is parity. */
import { expect, test } from 'vitest';
import { content, firstDifference } from '../integration/content.ts';
import { retrieve, store } from '../integration/ftp-session.ts';
import { seedOfRun } from '../seed.ts';
import { checkPool } from './invariants.ts';
import { LongContentCheck, longContent } from './long-content.ts';
import { Random } from './random.ts';
import { patienceOfTests, Rig } from './rig.ts';

const layouts = ['2+0', '2+1', '3+1', '1+2', '4+2', '8+4'];
const sizesOfLayout = Number(process.env.SPLITFTP_SIZES ?? 10);
const block = 262_144;
const filesAtOnce = 20;

/** The limits of bytes, blocks and stripes first, then random ones of up to three stripes. */
function sizesFor(dataParts: number, random: Random): number[] {
  const stripe = dataParts * block;
  const sizes = new Set([0, 1, 2, dataParts - 1, dataParts, dataParts + 1]);
  for (const limit of [block, stripe - block, stripe, stripe + block, 2 * stripe]) {
    for (const size of [limit - 1, limit, limit + 1]) if (size >= 0) sizes.add(size);
  }
  while (sizes.size < sizesOfLayout) {
    sizes.add(random.below(random.below(2) === 0 ? 20_000 : 3 * stripe));
  }
  return [...sizes].slice(0, sizesOfLayout);
}

function parse(layout: string): { dataParts: number; parityParts: number } {
  const [dataParts = 0, parityParts = 0] = layout.split('+').map(Number);
  return { dataParts, parityParts };
}

test.each(layouts)(`${sizesOfLayout} sizes at %s`, { timeout: patienceOfTests }, async (layout) => {
  const { dataParts, parityParts } = parse(layout);
  const random = new Random(seedOfRun());
  const rig = await Rig.start({ dataParts, parityParts, timeout: 30 });
  try {
    const session = await rig.session();
    const sizes = sizesFor(dataParts, random);
    for (let first = 0; first < sizes.length; first += filesAtOnce) {
      const files = new Map(
        sizes.slice(first, first + filesAtOnce).map((size) => [`/${size}`, content(size, size)] as const),
      );
      for (const [path, bytes] of files) await store(session, path, bytes);
      await checkPool(rig, session, files);
      const gone = new Set<number>();
      while (gone.size < parityParts) gone.add(1 + random.below(dataParts + parityParts));
      await Promise.all([...gone].map((number) => rig.proxy(number).down()));
      for (const [path, bytes] of gone.size > 0 ? files : []) {
        const offset = random.below(bytes.length + 1);
        const read = await retrieve(session, path, offset);
        expect(firstDifference(read, bytes.subarray(offset)), `${path} from ${offset}`).toBeUndefined();
      }
      await Promise.all([...gone].map((number) => rig.proxy(number).up()));
      for (const path of files.keys()) await session.remove(path);
    }
    session.close();
  } finally {
    await rig.stop();
  }
});

/** Minutes for each. */
const long = process.env.SPLITFTP_LONG === '1' ? ['2+1', '4+2'] : [];
test.each(long)('over 4 GiB at %s', { timeout: patienceOfTests }, async (layout) => {
  const bytes = 4 * 1024 ** 3 + 12_345;
  const rig = await Rig.start({ ...parse(layout), timeout: 60, onDisk: true });
  try {
    const session = await rig.session();
    await session.uploadFrom(longContent(bytes), '/long');
    for (const server of [1, 2].slice(0, parse(layout).parityParts)) await rig.proxy(server).down();
    const check = new LongContentCheck();
    await session.downloadTo(check, '/long');
    expect(check.bytes).toBe(bytes);
    session.close();
  } finally {
    await rig.stop();
  }
});
