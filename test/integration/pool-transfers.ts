/** Uploads and downloads at the file system of a pool in the test's process, with something that happens meanwhile. */
import type { WriteMode } from '../../src/ftp/file-system.ts';
import type { PoolFixture } from './pool-fixture.ts';

export interface UploadOptions {
  readonly mode?: WriteMode;
  /** Runs when this many bytes have been taken. */
  readonly at?: number;
  readonly run?: () => Promise<void>;
}

/** @returns what the client would be told */
export async function upload(
  { files }: PoolFixture,
  path: string,
  bytes: Buffer,
  { mode = 'replace', at, run }: UploadOptions = {},
): Promise<string> {
  const target = await files.write(path, mode, new AbortController().signal);
  let failure: Error | undefined;
  const closed = new Promise<void>((resolve) => {
    target.stream.on('error', (error) => {
      failure = error;
      resolve();
    });
    target.stream.on('finish', resolve);
  });
  const step = 60_000;
  for (let start = 0; start < bytes.length; start += step) {
    if (at !== undefined && start <= at && at < start + step) await run?.();
    const more = target.stream.write(bytes.subarray(start, start + step));
    if (!more && !failure) {
      const drained = new Promise<void>((resolve) => target.stream.once('drain', resolve));
      await Promise.race([drained, closed]);
    }
    if (failure) break;
  }
  if (at !== undefined && at >= bytes.length) await run?.();
  if (!failure) {
    target.stream.end();
    await closed;
  }
  if (!failure) return target.commit();
  await target.abort();
  throw failure;
}

/** @param at bytes after which something happens */
export async function download(
  { files }: PoolFixture,
  path: string,
  { offset = 0, at, run }: { offset?: number; at?: number; run?: () => Promise<void> } = {},
): Promise<Buffer> {
  const source = await files.read(path, offset);
  const chunks: Buffer[] = [];
  let length = 0;
  let ran = false;
  for await (const chunk of source) {
    chunks.push(chunk);
    length += chunk.length;
    if (run && !ran && length >= (at ?? 0)) {
      ran = true;
      await run();
    }
  }
  return Buffer.concat(chunks);
}
