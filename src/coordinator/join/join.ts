import { randomBytes } from 'node:crypto';
import { type FileHandle, link, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { chainOfSegments } from '../segments/segment-chain.ts';
import { JoinError } from './join-error.ts';
import type { LocalFile, LocalSegment } from './part-search.ts';
import { SegmentJoiner } from './segment-joiner.ts';

export interface Joined {
  readonly bytes: number;
  readonly segments: number;
  /** Blocks that were missing or damaged, and were made from others. */
  readonly restoredBlocks: number;
}

/**
 * Writes a file that is put together from local parts. It has its name only when all of it is written and right.
 * @param force an existing file is replaced
 * @param signal ends it, and nothing is left
 * @throws JoinError telling what is missing; the signal's reason
 */
export async function joinFile(
  file: LocalFile,
  target: string,
  force: boolean,
  signal: AbortSignal,
): Promise<Joined> {
  if (!force && (await exists(target))) throw existsAlready(target);
  if (!(await exists(dirname(target)))) {
    throw new JoinError(`There is no folder ${dirname(target)}: make it, or name another file with -o.`);
  }
  const segments = orderedSegments(file);
  const draft = join(dirname(target), `.splitftp-join-${randomBytes(6).toString('hex')}`);
  let bytes = 0;
  try {
    const output = await open(draft, 'wx');
    try {
      for (const segment of segments) {
        for await (const blocks of segment.stripes()) {
          signal.throwIfAborted();
          for (const block of blocks) bytes += await write(output, block);
        }
      }
      await output.sync();
    } finally {
      await output.close();
    }
    if (force) await rename(draft, target);
    else await giveName(draft, target);
  } finally {
    await rm(draft, { force: true });
  }
  const restoredBlocks = segments.reduce((sum, segment) => sum + segment.restoredBlocks, 0);
  return { bytes, segments: segments.length, restoredBlocks };
}

/** In the order of their bytes; of several versions of a file (it was converted) the newest that is whole. */
function orderedSegments({ segments }: LocalFile): readonly SegmentJoiner[] {
  const joiners: SegmentJoiner[] = [];
  const unusable: { readonly segment: LocalSegment; readonly problem: JoinError }[] = [];
  for (const segment of segments) {
    try {
      joiners.push(new SegmentJoiner(segment));
    } catch (error) {
      if (!(error instanceof JoinError)) throw error;
      unusable.push({ segment, problem: error });
    }
  }
  const { segments: chain, missing } = chainOfSegments(joiners);
  const [first] = chain;
  const needed = unusable.find(
    ({ segment }) => segment.position >= chain.length && !(first && isOlder(segment, first)),
  );
  if (needed) throw needed.problem;
  if (missing === undefined) return chain;
  const last = Math.max(...segments.map(({ position }) => position));
  throw new JoinError(`No part of segment ${missing} is here, of ${last + 1} segments.`);
}

/** Whether it was replaced by a conversion that begins with the other one. */
function isOlder({ parts, written }: LocalSegment, first: SegmentJoiner): boolean {
  const finished = [...parts.values()].flat().find(({ footer }) => footer);
  return finished?.footer ? finished.footer.sequence < first.sequence : written < first.written;
}

async function write(output: FileHandle, block: Buffer): Promise<number> {
  for (let done = 0; done < block.length; ) done += (await output.write(block, done)).bytesWritten;
  return block.length;
}

/** Not if meanwhile somebody else has made a file of that name. */
async function giveName(draft: string, target: string): Promise<void> {
  try {
    await link(draft, target);
  } catch (error) {
    if (await exists(target)) throw existsAlready(target);
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error;
    await rename(draft, target); // The disk has no links.
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
      throw error;
    },
  );
}

function existsAlready(path: string): JoinError {
  return new JoinError(`${path} exists already: name another file with -o, or replace it with --force.`);
}
