/** A window's queue is on the disk from its first record on, and the transfers go on where it cannot be. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { QueueFile } from '../../src/extension/transfers/queue-file.ts';
import { RememberedQueue } from '../../src/extension/transfers/remembered-queue.ts';
import { type NewBatch, TransferQueue } from '../../src/extension/transfers/transfer-queue.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'splitftp-remembered-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const upload: NewBatch = { direction: 'upload', pool: 'this', sources: ['/a'], target: '/' };
const file = (name: string) => ({ source: `/a/${name}`, target: `/a/${name}`, size: 1, modified: 1 });

/** Transfers what is in it, file by file. */
function finish(queue: TransferQueue): void {
  for (;;) {
    const next = queue.next(
      () => true,
      () => false,
    );
    if (next === undefined) return;
    queue.settle(next.id, { state: 'done', bytes: 1 });
  }
}

test('nothing is written before the first record, and everything with it', () => {
  const queues = join(folder, 'queues');
  const store = new RememberedQueue(queues, expect.unreachable);
  const queue = new TransferQueue(store);
  expect(existsSync(queues)).toBe(false);
  expect(QueueFile.abandoned(queues)).toEqual([]);
  const { id } = queue.add(upload);
  queue.found(id, [file('one'), file('two')]);
  store.close();
  const [left] = QueueFile.abandoned(queues);
  expect(left?.load().files.map(({ source }) => source)).toEqual(['/a/one', '/a/two']);
  left?.remove();
});

test('where there is no room for a queue, its transfers go on, and that is told once', () => {
  const notAFolder = join(folder, 'file');
  writeFileSync(notAFolder, '');
  const onLost = vi.fn<(reason: string) => void>();
  const store = new RememberedQueue(join(notAFolder, 'queues'), onLost);
  const queue = new TransferQueue(store);
  const { id } = queue.add(upload);
  queue.found(id, [file('one'), file('two')]);
  queue.walked(id);
  finish(queue);
  expect(queue.batch(id)).toMatchObject({ settledFiles: 2 });
  expect(onLost.mock.calls).toEqual([['a part of the path is not a folder']]);
  store.close();
  store.remove();
});

test('a queue that cannot be written any more leaves nothing that would be done again', () => {
  const onLost = vi.fn<(reason: string) => void>();
  const files: QueueFile[] = [];
  const store = new RememberedQueue(folder, onLost, () => {
    const made = QueueFile.create(folder);
    files.push(made);
    return made;
  });
  const queue = new TransferQueue(store);
  const { id } = queue.add(upload);
  queue.found(id, [file('one'), file('two')]);
  for (const made of files) {
    vi.spyOn(made, 'saveFiles').mockImplementation(() => {
      throw new Error('database or disk is full');
    });
  }
  queue.found(id, [file('three')]);
  queue.walked(id);
  finish(queue);
  expect(queue.batch(id)).toMatchObject({ settledFiles: 3 });
  expect(onLost.mock.calls).toEqual([['database or disk is full']]);
  expect(files).toHaveLength(1);
  expect(readdirSync(folder)).toEqual([]);
});
