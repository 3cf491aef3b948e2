/** Which rows the Transfers view has: their lists stay as they are while small files come and go. */
import { expect, test } from 'vitest';
import { type Outcome, TransferQueue } from '../../src/extension/transfers/transfer-queue.ts';
import { rowsBelow, topRows } from '../../src/extension/transfers/transfer-rows.ts';

const any = () => true;
const none = () => false;

function queueOf(count: number) {
  const queue = new TransferQueue({
    load: () => ({ batches: [], files: [] }),
    saveBatch: () => {},
    saveFiles: () => {},
    moveFiles: () => {},
    removeFiles: () => {},
    removeBatch: () => {},
  });
  const { id } = queue.add({ direction: 'upload', pool: 'p', sources: ['/a'], target: '/' });
  const files = Array.from({ length: count }, (_, index) => ({
    source: `/a/${index}`,
    target: `/${index}`,
    size: 1,
    modified: 1,
  }));
  queue.found(id, files);
  queue.walked(id);
  let elapsed = 0;
  const listed = { queue, runner: { elapsed: () => elapsed } };
  const below = () => {
    const batch = queue.batch(id);
    return batch === undefined ? [] : rowsBelow(batch, listed);
  };
  return {
    queue,
    id,
    below,
    top: () => topRows(listed),
    next: () => queue.next(any, none)?.id ?? '',
    elapse: (milliseconds: number) => {
      elapsed = milliseconds;
    },
  };
}

const kinds = (rows: readonly { kind: string }[]) => rows.map(({ kind }) => kind);

test('an action of one file is that file when it is over, and has the row of its progress before', () => {
  const { queue, id, below, top, next } = queueOf(1);
  const file = next();
  expect(top()).toEqual([{ kind: 'batch', id }]);
  expect(kinds(below())).toEqual(['progress']);
  queue.settle(file, { state: 'failed', message: 'the disk is full' });
  expect(top()).toEqual([{ kind: 'file', id: file, batch: id }]);
});

test('an action that was canceled while it had found one file stays an action, which can be retried', () => {
  const { queue, top, next } = queueOf(0);
  const { id } = queue.add({ direction: 'upload', pool: 'p', sources: ['/b'], target: '/' });
  queue.found(id, [{ source: '/b/1', target: '/1', size: 1, modified: 1 }]);
  queue.settle(next(), { state: 'done', bytes: 1 });
  queue.cancelBatch(id);
  expect(top()).toContainEqual({ kind: 'batch', id });
  queue.retryBatch(id);
  expect(queue.batch(id)).toMatchObject({ walked: false, ended: undefined });
});

test('a list that can be shown whole does not change while its files do', () => {
  const { queue, below, next } = queueOf(200);
  const rows = below();
  expect(rows).toHaveLength(201);
  const outcomes: Outcome[] = [
    { state: 'done', bytes: 1 },
    { state: 'failed', message: 'x' },
    { state: 'skipped' },
  ];
  for (const outcome of outcomes) {
    queue.settle(next(), outcome);
    expect(below()).toEqual(rows);
  }
  queue.ask(next());
  next();
  expect(below()).toEqual(rows);
});

test('of a longer one there is what needs somebody and what takes its time, however fast the others are', () => {
  const { queue, id, below, next, elapse } = queueOf(20_000);
  const rows = below();
  expect(kinds(rows)).toEqual(['progress']);
  for (let file = 0; file < 300; file++) queue.settle(next(), { state: 'done', bytes: 1 });
  const running = next();
  expect(below()).toEqual(rows);
  const asking = next();
  queue.ask(asking);
  const failed = next();
  queue.settle(failed, { state: 'failed', message: 'x' });
  elapse(2000);
  expect(below().map((row) => row.id)).toEqual([`${id} progress`, asking, failed, running]);
  queue.pauseBatch(id);
  expect(below().map((row) => row.id)).toEqual([`${id} progress`, failed]);
});

test('what is over shows what needs somebody first, and how many rows there are not', () => {
  const { queue, id, below, top, next } = queueOf(20_000);
  const failed = next();
  queue.settle(next(), { state: 'done', bytes: 1 });
  queue.settle(failed, { state: 'failed', message: 'x' });
  queue.cancelBatch(id);
  expect(top()).toEqual([{ kind: 'batch', id }]);
  const rows = below();
  expect(rows).toHaveLength(201);
  expect(rows[0]).toEqual({ kind: 'file', id: failed, batch: id });
  expect(rows.at(-1)).toEqual({ kind: 'more', id: `${id} more`, count: 20_000 - 1 - 200 });
  queue.retryBatch(id);
  expect(kinds(below())).toEqual(['progress']);
});
