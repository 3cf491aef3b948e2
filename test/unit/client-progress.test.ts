import { expect, test } from 'vitest';
import { Progress } from '../../src/client/progress.ts';
import type { TransferProgress } from '../../src/client/transfer.ts';

function record() {
  const events: TransferProgress[] = [];
  return { events, progress: new Progress((event) => events.push(event)) };
}

test('the first event comes at once, the last always, and few between', () => {
  const { events, progress } = record();
  progress.found(1000);
  expect(events).toEqual([expect.objectContaining({ filesTotal: 1, bytesTotal: 1000, counting: true })]);
  progress.counted();
  const begun = performance.now();
  for (let byte = 0; byte < 1000; byte++) progress.moved('/a', 1);
  progress.settled('/a', 0);
  progress.finished();
  expect(events.length).toBeLessThanOrEqual(2 + Math.ceil((performance.now() - begun) / 100));
  expect(events.at(-1)).toEqual({
    current: '/a',
    filesDone: 1,
    filesTotal: 1,
    bytesDone: 1000,
    bytesTotal: 1000,
    counting: false,
  });
});

test('a file that failed halfway does not keep the total from being reached', () => {
  const { events, progress } = record();
  progress.found(10);
  progress.found(20);
  progress.moved('/a', 4);
  progress.settled('/a', 6);
  progress.moved('/b', 20);
  progress.settled('/b', 0);
  progress.finished();
  expect(events.at(-1)).toMatchObject({ filesDone: 2, bytesDone: 30, bytesTotal: 30 });
});
