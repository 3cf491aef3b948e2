import { expect, test } from 'vitest';
import { createLog } from '../../src/log/log.ts';
import { levelValues, readLogLine } from '../../src/log/log-line.ts';

/** What a log writes, read again. */
function logged(write: (log: ReturnType<typeof createLog>) => void) {
  const lines: string[] = [];
  write(createLog('storage 1', 'trace', { write: (line) => lines.push(line) }));
  const [line] = lines;
  return line === undefined ? undefined : readLogLine(line);
}

test('a line of a log has its server, time, level and fields', () => {
  const event = logged((log) =>
    log.info({ event: 'login', user: 'ann', tries: 2, path: '/a b' }, 'logged in'),
  );
  expect(event).toMatchObject({
    level: levelValues.info,
    name: 'storage 1',
    text: 'logged in user=ann tries=2 path="/a b"',
  });
  expect(Date.parse(event?.time ?? '')).toBeGreaterThan(0);
});

test('a warning has the reason on its line, an error the place where it happened', () => {
  const error = new Error('nothing listens there');
  const warning = logged((log) => log.warn({ err: error, server: 2 }, 'could not be listed'));
  expect(warning?.text).toBe('could not be listed: nothing listens there server=2');
  const failure = logged((log) => log.error({ err: error }, 'the inventory failed'));
  expect(failure?.text).toMatch(/^the inventory failed\nError: nothing listens there\n\s+at /);
});

test('a warning holds the place where it happened only for who looks for it', () => {
  const cause = Object.assign(new Error('nothing listens there'), { code: 'ECONNREFUSED' });
  const logAt = (level: 'info' | 'debug') => {
    const lines: string[] = [];
    const log = createLog('storage 1', level, { write: (line) => lines.push(line) }).child({ session: '1' });
    log.warn({ err: cause, server: 2 }, 'could not be listed');
    log.error({ err: cause }, 'the inventory failed');
    return lines.map((line) => JSON.parse(line));
  };
  const [warning, failure] = logAt('info');
  expect(warning).toMatchObject({ msg: 'could not be listed', session: '1', server: 2 });
  expect(warning.err).toEqual({ type: 'Error', message: 'nothing listens there', code: 'ECONNREFUSED' });
  expect(failure.err.stack).toContain('log-line.test');
  const [detailed] = logAt('debug');
  expect(detailed.err.stack).toContain('log-line.test');
});

test('what a client named cannot speak to the terminal', () => {
  const event = logged((log) => log.info({ path: '/\u{1b}[2Jfile\u{7}\n' }, 'stored \u{1b}]0;title'));
  expect(event?.text).not.toMatch(/(?!\n)\p{Cc}/u);
  expect(event?.text.split('\n')).toHaveLength(1);
});

test.each(['ready', '{"level":30', 'null', '{"message":"no level"}'])('%s is not of a log', (line) => {
  expect(readLogLine(line)).toBeUndefined();
});
