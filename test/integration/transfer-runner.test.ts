/** The extension's transfer queue against real servers: it goes on where it was, whatever ended. */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { SplitClient } from '../../src/client/split-client.ts';
import { QueueFile } from '../../src/extension/transfers/queue-file.ts';
import type { QueuedFile } from '../../src/extension/transfers/records.ts';
import { TransferQueue } from '../../src/extension/transfers/transfer-queue.ts';
import { TransferRunner } from '../../src/extension/transfers/transfer-runner.ts';
import { content, firstDifference } from './content.ts';
import { startServers, type TestServers } from './servers.ts';

let servers: TestServers;
let folder: string;
/** In the pool, of this attempt alone: what an attempt that failed has left is not in the way of the next. */
let place: string;
const ends: (() => Promise<void>)[] = [];

beforeAll(async () => {
  servers = await startServers();
});
afterAll(() => servers.stop());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'splitftp-runner-'));
  place = `/${basename(folder)}`;
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await rm(folder, { recursive: true });
});

/** A window: its queue, its connections. What it begins with is what abandoned queues hold. */
function openWindow(concurrency = 2) {
  const queues = join(folder, 'queues');
  const store = QueueFile.create(queues);
  const queue = new TransferQueue(store);
  for (const left of QueueFile.abandoned(queues)) {
    queue.adopt(left.load());
    left.remove();
  }
  const client = new SplitClient({ ...servers.configuration.coordinator, connections: concurrency + 1 });
  const questions: QueuedFile[] = [];
  const errors: string[] = [];
  const runner = new TransferRunner({
    queue,
    concurrency: () => concurrency,
    transport: (pool) => (pool === 'this' ? client : undefined),
    onQuestion: (file) => questions.push(file),
    onError: (message) => errors.push(message),
    pause: 100,
  });
  let closed = false;
  const close = async () => {
    if (closed) return;
    closed = true;
    await runner.stop();
    client.close();
    store.close();
    expect(errors).toEqual([]);
  };
  ends.push(close);
  return { queue, runner, client, questions, close };
}

type Window = ReturnType<typeof openWindow>;

/** Resolves when the queue is as it should be. */
function until({ queue }: Window, is: () => boolean): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const check = () => {
    if (is()) resolve();
  };
  const forget = queue.onChange(check);
  check();
  return promise.finally(forget);
}

const only = (window: Window, batch: string): QueuedFile | undefined => window.queue.files(batch)[0];
const over = (window: Window, batch: string) =>
  until(window, () => window.queue.batch(batch)?.ended !== undefined);

function upload(window: Window, sources: readonly string[], target = place) {
  return window.queue.add({ direction: 'upload', pool: 'this', sources: [...sources], target }).id;
}
function download(window: Window, sources: readonly string[], target: string) {
  return window.queue.add({ direction: 'download', pool: 'this', sources: [...sources], target }).id;
}

test('a folder goes up and comes down, several files at a time', async () => {
  const window = openWindow();
  const source = join(folder, 'tree');
  await mkdir(join(source, 'inner', 'empty'), { recursive: true });
  for (let number = 0; number < 30; number++) {
    await writeFile(join(source, number % 2 ? 'inner' : '', `${number}.bin`), content(number * 1000, number));
  }
  const up = upload(window, [source]);
  await over(window, up);
  expect(window.queue.batch(up)).toMatchObject({ settledFiles: 30 });
  expect(window.queue.files(up)).toEqual([]);
  const down = download(window, [`${place}/tree`], join(folder, 'back'));
  await over(window, down);
  for (let number = 0; number < 30; number++) {
    const path = join(folder, 'back', 'tree', number % 2 ? 'inner' : '', `${number}.bin`);
    expect(firstDifference(await readFile(path), content(number * 1000, number))).toBeUndefined();
  }
  expect(await readdir(join(folder, 'back', 'tree', 'inner', 'empty'))).toEqual([]);
});

test('a paused upload goes on where it was, also in another window', async () => {
  const bytes = content(100_000_000, 7);
  const file = join(folder, 'big.bin');
  await writeFile(file, bytes);
  const first = openWindow();
  const id = upload(first, [file]);
  await until(first, () => (only(first, id)?.bytes ?? 0) > 40_000_000);
  first.queue.pause([only(first, id)?.id ?? '']);
  await first.close();

  const second = openWindow();
  const kept = only(second, id);
  expect(kept).toMatchObject({ state: 'paused', started: true });
  const before = new Set<number>();
  const forget = second.queue.onChange(() => before.add(only(second, id)?.bytes ?? 0));
  second.queue.resume([kept?.id ?? '']);
  await over(second, id);
  forget();
  // What had arrived was not sent again; some megabytes of what was sent had not, and were lost with the connection.
  before.delete(kept?.bytes ?? 0);
  expect(Math.min(...before)).toBeGreaterThan(4_000_000);
  await second.client.download([`${place}/big.bin`], join(folder, 'back'));
  expect(firstDifference(await readFile(join(folder, 'back', 'big.bin')), bytes)).toBeUndefined();
});

test('an upload whose file changed while it was paused begins anew', async () => {
  const file = join(folder, 'changing.bin');
  await writeFile(file, content(60_000_000, 1));
  const window = openWindow();
  const id = upload(window, [file]);
  await until(window, () => (only(window, id)?.bytes ?? 0) > 8_000_000);
  window.queue.pause([only(window, id)?.id ?? '']);
  const newer = content(60_000_000, 2);
  await writeFile(file, newer);
  await utimes(file, new Date(), new Date(Date.now() + 60_000));
  window.queue.resume([only(window, id)?.id ?? '']);
  await over(window, id);
  expect(only(window, id)).toMatchObject({ state: 'done' });
  await window.client.download([`${place}/changing.bin`], join(folder, 'back'));
  expect(firstDifference(await readFile(join(folder, 'back', 'changing.bin')), newer)).toBeUndefined();
});

test('a download goes on in the next window behind what is on the disk', async () => {
  const bytes = content(60_000_000, 3);
  const file = join(folder, 'down.bin');
  await writeFile(file, bytes);
  const first = openWindow();
  await first.client.upload([file], place);
  const target = join(folder, 'target');
  const id = download(first, [`${place}/down.bin`], target);
  await until(first, () => (only(first, id)?.bytes ?? 0) > 8_000_000);
  await first.close();
  const [draft = ''] = await readdir(target);
  expect(draft).toMatch(/^\.down\.bin\..*\.splitftp-part$/);
  const { size } = await stat(join(target, draft));
  expect(size).toBeGreaterThan(0);

  const second = openWindow();
  const positions: number[] = [];
  const forget = second.queue.onChange(() => positions.push(only(second, id)?.bytes ?? 0));
  await over(second, id);
  forget();
  expect(Math.min(...positions.slice(positions.indexOf(size)))).toBeGreaterThanOrEqual(size);
  expect(positions).toContain(size);
  expect(await readdir(target)).toEqual(['down.bin']);
  expect(firstDifference(await readFile(join(target, 'down.bin')), bytes)).toBeUndefined();
});

test('a canceled download leaves nothing, and a retry fetches it', async () => {
  const window = openWindow();
  const bytes = content(60_000_000, 4);
  await writeFile(join(folder, 'cancel.bin'), bytes);
  await window.client.upload([join(folder, 'cancel.bin')], place);
  const target = join(folder, 'target');
  const id = download(window, [`${place}/cancel.bin`], target);
  await until(window, () => (only(window, id)?.bytes ?? 0) > 4_000_000);
  const file = only(window, id)?.id ?? '';
  window.queue.cancel([file]);
  await expect.poll(() => readdir(target), { timeout: 20_000 }).toEqual([]);
  window.queue.retry([file]);
  await over(window, id);
  expect(firstDifference(await readFile(join(target, 'cancel.bin')), bytes)).toBeUndefined();
});

test('the coordinator is killed in the middle of both ways: all arrives when it is back', async () => {
  const window = openWindow(4);
  const bytes = content(40_000_000, 5);
  for (const name of ['a', 'b', 'stored']) await writeFile(join(folder, name), bytes);
  await window.client.upload([join(folder, 'stored')], place);
  const up = upload(window, [join(folder, 'a'), join(folder, 'b')]);
  const down = download(window, [`${place}/stored`], join(folder, 'target'));
  await until(window, () => window.queue.totals(up).bytesDone > 10_000_000);
  await servers.kill('coordinator');
  await until(window, () => window.queue.totals(up).count('waiting') > 0);
  await servers.restart('coordinator');
  await Promise.all([over(window, up), over(window, down)]);
  expect(window.queue.files(up)).toEqual([]);
  expect(window.queue.batch(up)).toMatchObject({ settledFiles: 2 });
  for (const name of ['a', 'b']) {
    await window.client.download([`${place}/${name}`], join(folder, 'back'));
    expect(firstDifference(await readFile(join(folder, 'back', name)), bytes)).toBeUndefined();
  }
  expect(firstDifference(await readFile(join(folder, 'target', 'stored')), bytes)).toBeUndefined();
}, 60_000);

test('an existing file: overwrite, skip, keep both, newer only', async () => {
  const window = openWindow();
  const local = join(folder, 'notes.txt');
  const write = async (text: string, seconds: number) => {
    await writeFile(local, text);
    await utimes(local, seconds, seconds);
  };
  const stored = async (path: string) => {
    const target = await mkdtemp(join(folder, 'back-'));
    await window.client.downloadFile(path, join(target, 'x'));
    return readFile(join(target, 'x'), 'utf8');
  };
  const ask = async () => {
    const id = upload(window, [local]);
    await until(window, () => only(window, id)?.state === 'asking');
    return { id, file: only(window, id)?.id ?? '' };
  };
  await write('first', 1_000_000);
  await over(window, upload(window, [local]));

  await write('second', 2_000_000);
  const skipped = await ask();
  expect(window.questions.at(-1)).toMatchObject({ target: `${place}/notes.txt` });
  window.queue.answer(skipped.file, 'skip', false);
  await over(window, skipped.id);
  expect(await stored(`${place}/notes.txt`)).toBe('first');

  const both = await ask();
  window.queue.answer(both.file, 'keepBoth', false);
  await over(window, both.id);
  expect(await stored(`${place}/notes.txt`)).toBe('first');
  expect(await stored(`${place}/notes (2).txt`)).toBe('second');

  const newer = await ask();
  window.queue.answer(newer.file, 'newer', false);
  await over(window, newer.id);
  expect(await stored(`${place}/notes.txt`)).toBe('second');

  await write('older', 1_500_000);
  const older = await ask();
  window.queue.answer(older.file, 'newer', false);
  await over(window, older.id);
  expect(only(window, older.id)).toMatchObject({ state: 'skipped' });
  expect(await stored(`${place}/notes.txt`)).toBe('second');

  const overwrite = await ask();
  window.queue.answer(overwrite.file, 'overwrite', false);
  await over(window, overwrite.id);
  expect(await stored(`${place}/notes.txt`)).toBe('older');
});

test('a file that cannot be read fails with the reason, and another pool waits', async () => {
  const window = openWindow();
  const id = upload(window, [join(folder, 'nothing')]);
  await over(window, id);
  expect(window.queue.files(id)).toMatchObject([
    { state: 'failed', message: 'there is no such file or folder', unlisted: true },
  ]);
  const other = window.queue.add({ direction: 'upload', pool: 'other', sources: [folder], target: place });
  await over(window, upload(window, [join(folder, 'nothing')]));
  expect(window.queue.batch(other.id)).toMatchObject({ walked: false });
});
