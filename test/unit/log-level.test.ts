import { expect, test } from 'vitest';
import { createLog, setLogLevel } from '../../src/log/log.ts';

test('a changed level holds for the logs of sessions that were made before, and for those made later', () => {
  const lines: string[] = [];
  const log = createLog('test', 'info', { write: (line) => lines.push(line) });
  const session = log.child({ session: '1' }).child({ user: 'ann' });
  const silent = log.child({}, { level: 'silent' });
  session.debug('not yet');
  setLogLevel(log, 'debug');
  session.debug('now');
  log.debug('here, too');
  log.child({ session: '2' }).debug('and in a new one');
  silent.error('never');
  setLogLevel(log, 'warn');
  session.info('no more');
  expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['now', 'here, too', 'and in a new one']);
});
