/** The log of the engine: one line of JSON per event, and never a password. */
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startFtpServer } from '../../src/ftp/server.ts';
import { createLog } from '../../src/log/log.ts';
import type { LogLevel } from '../../src/log/log-level.ts';
import { MemoryFileSystem } from '../memory-file-system.ts';
import { RawClient } from './ftp-raw-client.ts';

/** An engine over memory whose log is kept. */
async function startLogged(level: LogLevel, password = 'p') {
  const lines: string[] = [];
  const fileSystem = new MemoryFileSystem();
  const server = await startFtpServer({
    host: '127.0.0.1',
    port: 0,
    log: createLog('test', level, { write: (line) => lines.push(line) }),
    greeting: 'Test',
    login: async (user, given) => {
      if (user !== 'u') return { refused: 'unknown-name' };
      return given === password ? { fileSystem } : { refused: 'wrong-password' };
    },
    limits: { failedLoginDelayMs: 0 },
  });
  onTestFinished(() => server.close());
  return {
    server,
    lines,
    /** Of the lines so far, without what differs from run to run. */
    events: () =>
      lines.map((line) => {
        const { level: _level, time: _time, name: _name, msg: _msg, ...event } = JSON.parse(line);
        return event;
      }),
  };
}

async function leave(client: RawClient): Promise<void> {
  await client.ask('QUIT');
  await client.closed();
}

describe('at info', () => {
  it('there is a line for each event, with session, user, sums and reasons', async () => {
    const { server, events } = await startLogged('info');
    const client = await RawClient.login(server.port);
    await client.ask('MKD d');
    await client.store('STOR d/f', 'content');
    await client.store('APPE d/f', ' and more');
    await client.retrieve('RETR d/f');
    await client.retrieve('RETR none');
    await client.retrieve('LIST');
    await client.ask('MFMT 20200131235959 d/f');
    await client.ask('RNFR d/f');
    await client.ask('RNTO d/g');
    await client.ask('DELE d/g');
    await client.ask('RMD d');
    await client.ask('DELE none');
    await leave(client);
    await server.close();

    const all = events();
    const [id] = all.flatMap((event) => event.session ?? []);
    expect(id).toMatch(/^[0-9a-f]{8}$/);
    const session = { session: id };
    const user = { ...session, user: 'u' };
    const time = { ms: expect.any(Number), mbPerS: expect.any(Number) };
    expect(all).toEqual([
      { event: 'started', host: '127.0.0.1', port: server.port },
      { ...session, event: 'connected', address: '127.0.0.1' },
      { ...user, event: 'login' },
      { ...user, event: 'mkdir', path: '/d' },
      { ...user, event: 'upload', path: '/d/f', bytes: 7, ...time },
      { ...user, event: 'append', path: '/d/f', bytes: 9, ...time },
      { ...user, event: 'download', path: '/d/f', bytes: 16, ...time },
      { ...user, event: 'download-failed', path: '/none', bytes: 0, ...time, reason: '/none does not exist' },
      { ...user, event: 'modified', path: '/d/f', modified: '2020-01-31T23:59:59.000Z' },
      { ...user, event: 'rename', path: '/d/f', to: '/d/g' },
      { ...user, event: 'delete', path: '/d/g' },
      { ...user, event: 'rmdir', path: '/d' },
      {
        ...user,
        event: 'disconnected',
        address: '127.0.0.1',
        reason: 'Goodbye.',
        seconds: expect.any(Number),
        uploads: 2,
        bytesUp: 16,
        downloads: 1,
        bytesDown: 16,
        failures: 1,
      },
      { event: 'stopped', port: server.port },
    ]);
  });

  it('a failed login tells the address and the reason, and no name that nobody has', async () => {
    const { server, events } = await startLogged('warn');
    const client = await RawClient.connect(server.port);
    for (const [user, password] of [
      ['u', 'wrong'],
      ['my secret password', 'p'],
    ]) {
      await client.ask(`USER ${user}`);
      expect((await client.ask(`PASS ${password}`)).code).toBe(530);
    }
    client.destroy();
    const session = expect.any(String);
    const address = '127.0.0.1';
    expect(events()).toEqual([
      { session, event: 'login-failed', address, reason: 'wrong-password', user: 'u' },
      { session, event: 'login-failed', address, reason: 'unknown-name' },
    ]);
  });

  it.each([
    ['resets the connection', (client: RawClient) => client.socket.resetAndDestroy(), /ECONNRESET/],
    ['hangs up', (client: RawClient) => client.socket.end(), /hung up/],
  ])('a client that %s is told of as that', async (_, end, reason) => {
    const { server, events } = await startLogged('info');
    const client = await RawClient.login(server.port);
    end(client);
    while (server.sessionCount > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(events().at(-1)).toMatchObject({ event: 'disconnected', reason: expect.stringMatching(reason) });
  });

  it('what a client sends does not end its line', async () => {
    const { server, lines } = await startLogged('debug');
    const client = await RawClient.login(server.port);
    await client.ask('MKD \u001b[31mred\u2028{"level":60}');
    await client.ask('MKD {"event":"login"}');
    await leave(client);
    for (const line of lines) {
      expect(line.indexOf('\n')).toBe(line.length - 1);
      expect(line).not.toContain('\u001b');
      JSON.parse(line);
    }
  });
});

it('a password never shows at any level, right or mistyped, whatever is sent before and after', async () => {
  const printable = fc.string({ unit: 'grapheme', minLength: 4, maxLength: 16 });
  // Nothing else could be taken for it.
  const secret = printable.map((text) => `§${text.replaceAll(/[\p{Cc}\s]/gu, '_')}§`);
  const mistyped = (text: string) =>
    fc.constantFrom(
      ...[`PASS ${text}`, `pass ${text}`, `PASS  ${text} `, `PASSS ${text}`, `PAS ${text}`, `PASS\t${text}`],
      ...[`PASS${text}`, `ACCT ${text}`, `USER ${text}`, `USER u${text}`, text, ` ${text}`, `QASS ${text} x`],
      ...[`USER u PASS ${text}`, `PASSWORD=${text}`, `ftp://u:${text}@host/`, `OPTS PASS ${text}`],
    );
  const other = fc.constantFrom(
    'NOOP',
    'PWD',
    'USER u',
    'PASS',
    'SYST',
    'MKD d',
    'DELE none',
    'FEAT',
    'HELP PASS',
    'TYPE X',
  );
  const session = secret.chain((text) =>
    fc.record({
      text: fc.constant(text),
      commands: fc.array(fc.oneof(mistyped(text), other), { minLength: 1, maxLength: 12 }),
    }),
  );
  await fc.assert(
    fc.asyncProperty(session, async ({ text, commands }) => {
      const { server, lines } = await startLogged('trace', text);
      const client = await RawClient.connect(server.port);
      try {
        for (const command of commands) await client.ask(command);
        await leave(client);
      } catch {
        await client.closed(); // Three wrong tries end it earlier.
      }
      await server.close();
      expect(lines.length).toBeGreaterThan(commands.length / 2);
      expect(lines.join('').toLowerCase()).not.toContain(JSON.stringify(text).slice(1, -1).toLowerCase());
    }),
  );
});
