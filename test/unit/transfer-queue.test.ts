/** The queue's rules, and that what is stored is what is in memory. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, posix } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freePath } from '../../src/extension/transfers/free-name.ts';
import { QueueFile } from '../../src/extension/transfers/queue-file.ts';
import { conflictChoices, fileStates } from '../../src/extension/transfers/records.ts';
import { Speedometer } from '../../src/extension/transfers/speedometer.ts';
import { type NewBatch, TransferQueue } from '../../src/extension/transfers/transfer-queue.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'splitftp-queue-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const upload: NewBatch = { direction: 'upload', pool: 'p', sources: ['/a'], target: '/' };
const file = (name: string, size = 10) => ({ source: `/a/${name}`, target: `/${name}`, size, modified: 1 });
const any = () => true;
const none = () => false;

function queueOf(names: readonly string[]) {
  const store = QueueFile.create(folder);
  const queue = new TransferQueue(store);
  const { id } = queue.add(upload);
  queue.found(
    id,
    names.map((name) => file(name)),
  );
  queue.walked(id);
  return { store, queue, id };
}

test('files go in their order, and a batch is over when its last file is', () => {
  const { store, queue, id } = queueOf(['one', 'two']);
  const ended: string[] = [];
  queue.onSettled((batch) => ended.push(batch.id));
  const one = queue.next(any, none);
  const two = queue.next(any, none);
  expect([one?.source, two?.source, queue.next(any, none)]).toEqual(['/a/one', '/a/two', undefined]);
  queue.settle(one?.id ?? '', { state: 'done', bytes: 10 });
  expect(ended).toEqual([]);
  queue.settle(two?.id ?? '', { state: 'failed', message: 'the disk is full' });
  expect(ended).toEqual([id]);
  // The history keeps the sum of what went well, and the whole of what did not.
  expect(queue.batch(id)).toMatchObject({ settledFiles: 1, settledBytes: 10 });
  expect(queue.files(id).map(({ message }) => message)).toEqual(['the disk is full']);
  store.remove();
});

test('a batch that was canceled while it was counted is counted again, and no file twice', () => {
  const store = QueueFile.create(folder);
  const queue = new TransferQueue(store);
  const { id } = queue.add(upload);
  queue.found(id, [file('one'), file('two')]);
  const one = queue.next(any, none)?.id ?? '';
  queue.settle(one, { state: 'done', bytes: 10 });
  queue.cancelBatch(id);
  expect(queue.batch(id)).toMatchObject({ walked: true, settledFiles: 1 });
  queue.retry(queue.files(id).map((left) => left.id));
  expect(queue.batch(id)).toMatchObject({ walked: false });
  queue.found(id, [file('one'), file('two'), file('three')]);
  queue.walked(id);
  expect(queue.files(id).map(({ source, state }) => [source, state])).toEqual([
    ['/a/two', 'waiting'],
    ['/a/three', 'waiting'],
  ]);
  store.remove();
});

test('a batch that was canceled before a file was found is retried with all its files', () => {
  const store = QueueFile.create(folder);
  const queue = new TransferQueue(store);
  const { id } = queue.add(upload);
  queue.cancelBatch(id);
  expect(queue.batch(id)).toMatchObject({ walked: true, cutShort: true });
  expect(queue.batch(id)?.ended).toBeDefined();
  queue.retryBatch(id);
  expect(queue.batch(id)).toMatchObject({ walked: false, cutShort: false, ended: undefined });
  queue.found(id, [file('one')]);
  queue.walked(id);
  expect(queue.next(any, none)?.source).toBe('/a/one');
  store.remove();
});

test('a retry brings back what failed, and nothing else', () => {
  const { store, queue, id } = queueOf(['one', 'two']);
  const one = queue.next(any, none)?.id ?? '';
  const two = queue.next(any, none)?.id ?? '';
  queue.settle(one, { state: 'done', bytes: 10 });
  queue.settle(two, { state: 'failed', message: 'x' });
  queue.retry([two]);
  expect(queue.batch(id)?.ended).toBeUndefined();
  expect(queue.file(two)).toMatchObject({ state: 'waiting', message: undefined });
  expect(queue.next(any, none)?.id).toBe(two);
  expect(queue.next(any, none)).toBeUndefined();
  store.remove();
});

test('a folder that could not be looked at is walked again by a batch of its own', () => {
  const { store, queue, id } = queueOf([]);
  const { id: other } = queue.add(upload);
  queue.found(other, [{ source: '/a/closed', target: '/in/closed', message: 'permission denied' }]);
  queue.walked(other);
  const [failed] = queue.files(other);
  queue.retry([failed?.id ?? '']);
  expect(queue.batches.map(({ sources, target, walked }) => ({ sources, target, walked }))).toEqual([
    { sources: ['/a'], target: '/', walked: true },
    { sources: ['/a'], target: '/', walked: true },
    { sources: ['/a/closed'], target: '/in', walked: false },
  ]);
  expect(queue.batch(id)?.ended).toBeDefined();
  store.remove();
});

test('"for all" answers what was asked already, and what comes', () => {
  const { store, queue, id } = queueOf(['one', 'two', 'three']);
  const one = queue.next(any, none)?.id ?? '';
  const two = queue.next(any, none)?.id ?? '';
  queue.ask(one);
  queue.ask(two);
  queue.answer(one, 'newer', true);
  expect(queue.file(two)).toMatchObject({ state: 'waiting', choice: 'newer' });
  expect(queue.batch(id)?.choice).toBe('newer');
  store.remove();
});

test('a batch whose files are canceled is over; cleared it is gone, also from the disk', () => {
  const { store, queue, id } = queueOf(['one', 'two']);
  queue.next(any, none);
  queue.cancelBatch(id);
  expect(queue.batch(id)?.ended).toBeDefined();
  queue.clear(id);
  expect(queue.batches).toEqual([]);
  expect(store.load()).toEqual({ batches: [], files: [] });
  store.remove();
});

test('a walk that is begun again adds no file twice', () => {
  const store = QueueFile.create(folder);
  const queue = new TransferQueue(store);
  const { id } = queue.add(upload);
  queue.found(id, [file('one')]);
  queue.found(id, [file('one'), file('two')]);
  expect(queue.files(id).map(({ source }) => source)).toEqual(['/a/one', '/a/two']);
  store.remove();
});

test("another window's queue cannot be opened while it lives, and is taken over afterwards", () => {
  const { store, queue } = queueOf(['one', 'two']);
  const running = queue.next(any, none);
  expect(QueueFile.abandoned(folder)).toEqual([]);
  store.close();

  const mine = QueueFile.create(folder);
  const second = new TransferQueue(mine);
  const [left, ...others] = QueueFile.abandoned(folder);
  expect(others).toEqual([]);
  expect(QueueFile.abandoned(folder)).toEqual([]);
  second.adopt(left?.load() ?? { batches: [], files: [] });
  left?.remove();
  expect(second.file(running?.id ?? '')).toMatchObject({ state: 'waiting' });
  expect(second.next(any, none)?.source).toBe('/a/one');
  expect(mine.load().files).toHaveLength(2);
  mine.remove();
  expect(readdirSync(folder)).toEqual([]);
});

test('a queue that cannot be read is set aside, and not tried again', () => {
  const { store, id } = queueOf(['one']);
  const path = store.path;
  store.close();
  const database = new DatabaseSync(path);
  database.prepare('UPDATE batch SET record = ? WHERE id = ?').run('{"id":"of another version"}', id);
  database.close();
  const [left] = QueueFile.abandoned(folder);
  expect(() => left?.load()).toThrow();
  expect(left?.setAside()).toBe(`${path}.unreadable`);
  expect(QueueFile.abandoned(folder)).toEqual([]);
  expect(readdirSync(folder)).toContain(`${basename(path)}.unreadable`);
});

const action = fc.record({
  kind: fc.constantFrom(
    ...(['next', 'done', 'fail', 'skip', 'ask', 'answer', 'pause', 'resume', 'cancel', 'retry'] as const),
    ...([
      'interrupt',
      'progress',
      'pauseBatch',
      'resumeBatch',
      'cancelBatch',
      'retryBatch',
      'find',
      'walked',
      'clear',
    ] as const),
  ),
  pick: fc.nat(),
  choice: fc.constantFrom(...conflictChoices),
  all: fc.boolean(),
});

test('whatever is done, sums are right, nothing is lost, and the disk has what memory has', () => {
  let run = 0;
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      run += 1;
      const store = QueueFile.create(join(folder, String(run)));
      const queue = new TransferQueue(store);
      const { id } = queue.add(upload);
      let found = 0;
      for (const { kind, pick, choice, all } of actions) {
        const files = queue.files(id);
        const chosen = files[pick % Math.max(1, files.length)]?.id ?? '';
        if (kind === 'find') {
          queue.found(id, [file(String(found), pick % 1000)]);
          if (queue.batch(id)?.walked === false) found += 1;
        }
        if (kind === 'next') queue.next(any, none);
        else if (kind === 'done') queue.settle(chosen, { state: 'done', bytes: pick % 1000 });
        else if (kind === 'fail') queue.settle(chosen, { state: 'failed', message: 'no' });
        else if (kind === 'skip') queue.settle(chosen, { state: 'skipped' });
        else if (kind === 'ask') queue.ask(chosen);
        else if (kind === 'answer') queue.answer(chosen, choice, all);
        else if (kind === 'pause') queue.pause([chosen]);
        else if (kind === 'resume') queue.resume([chosen]);
        else if (kind === 'cancel') queue.cancel([chosen]);
        else if (kind === 'retry') queue.retry([chosen]);
        else if (kind === 'interrupt') queue.interrupted(chosen);
        else if (kind === 'progress') queue.progressed(chosen, pick % 1000);
        else if (kind === 'pauseBatch') queue.pauseBatch(id);
        else if (kind === 'resumeBatch') queue.resumeBatch(id);
        else if (kind === 'cancelBatch') queue.cancelBatch(id);
        else if (kind === 'retryBatch') queue.retryBatch(id);
        else if (kind === 'walked') queue.walked(id);
        else if (kind === 'clear') queue.clear(id);

        const now = queue.files(id);
        const totals = queue.totals(id);
        for (const state of fileStates) {
          const alike = now.filter((one) => one.state === state);
          expect(totals.count(state)).toBe(alike.length);
          expect(new Set(queue.filesIn(id, state))).toEqual(new Set(alike));
        }
        const counted = now.filter(({ state }) => !['skipped', 'failed', 'canceled'].includes(state));
        expect(totals.bytes).toBe(counted.reduce((sum, { size }) => sum + size, 0));
        const moved = counted.reduce((sum, { bytes, size }) => sum + Math.min(bytes, size), 0);
        expect(totals.bytesDone).toBe(moved);
        const batch = queue.batch(id);
        if (batch === undefined) break;
        if (batch.ended !== undefined) expect(totals.unfinished).toBe(0);
        else if (batch.walked) expect(totals.unfinished).toBeGreaterThan(0);
        expect(now.length + batch.settledFiles).toBe(found);
        const stored = store.load();
        expect(stored.batches).toEqual([JSON.parse(JSON.stringify(batch))]);
        // Progress alone is not written.
        const plain = (list: typeof now): unknown =>
          JSON.parse(JSON.stringify(Object.fromEntries(list.map((one) => [one.id, { ...one, bytes: 0 }]))));
        expect(plain(stored.files)).toEqual(plain(now));
      }
      store.remove();
    }),
    { numRuns: 60 },
  );
});

test('what is waiting is always reached, and only once', () => {
  const { store, queue, id } = queueOf(Array.from({ length: 50 }, (_, index) => String(index)));
  const seen = new Set<string>();
  for (let next = queue.next(any, none); next !== undefined; next = queue.next(any, none)) {
    expect(seen.has(next.id)).toBe(false);
    seen.add(next.id);
    queue.settle(next.id, { state: 'done', bytes: 10 });
  }
  expect(seen.size).toBe(50);
  expect(queue.batch(id)).toMatchObject({ settledFiles: 50, settledBytes: 500 });
  store.remove();
});

test('"keep both" finds the first free name, with the ending kept', async () => {
  const taken = new Set(['/d/notes (2).txt', '/d/notes (3).txt', '/d/.env (2)']);
  const isTaken = async (path: string) => taken.has(path);
  expect(await freePath('/d/notes.txt', isTaken, posix)).toBe('/d/notes (4).txt');
  expect(await freePath('/d/.env', isTaken, posix)).toBe('/d/.env (3)');
});

test('a speed is that of the last seconds', () => {
  let time = 0;
  const speedometer = new Speedometer(() => time);
  for (time = 0; time < 20_000; time += 50) speedometer.moved(1_000);
  expect(speedometer.speed).toBeGreaterThan(19_000);
  expect(speedometer.speed).toBeLessThan(21_000);
  time += 10_000;
  expect(speedometer.speed).toBe(0);
});
