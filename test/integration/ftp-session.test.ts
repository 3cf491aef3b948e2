import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { resetConnection } from '../../src/ftp/data/reset-connection.ts';
import { startFtpServer } from '../../src/ftp/server.ts';
import { createLog } from '../../src/log/log.ts';
import { connectData, RawClient } from './ftp-raw-client.ts';
import { startFixture } from './ftp-server-fixture.ts';

describe('commands', () => {
  it('may come in any segments', async () => {
    const { port } = await startFixture();
    const client = await RawClient.connect(port);
    const bytes = Buffer.from('USER u\r\nPASS p\r\nMKD é日🎉\nNOOP\r\n');
    for (const byte of bytes) {
      client.send(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await client.codes(4)).toEqual([331, 230, 257, 200]);
    expect((await client.ask('CWD /é日🎉')).code).toBe(250);
    client.destroy();
  });

  it('may come all at once, and are answered in order', async () => {
    const { port } = await startFixture();
    const client = await RawClient.login(port);
    const names = Array.from({ length: 30 }, (_, index) => `d${index}`);
    client.send(
      names.map((name) => `MKD ${name}\r\nCWD ${name}\r\nCDUP\r\nSIZE none\r\nRMD ${name}\r\n`).join(''),
    );
    for (const _ of names) expect(await client.codes(5)).toEqual([257, 250, 250, 550, 250]);
    client.destroy();
  });

  it('may come in unlimited number, but not wait so', async () => {
    const { port } = await startFixture({ limits: { queuedCommands: 10 } });
    const client = await RawClient.login(port);
    client.send('PWD\r\n'.repeat(100));
    await client.closed();
    const codes: number[] = [];
    await expect(
      (async () => {
        for (;;) codes.push((await client.reply()).code);
      })(),
    ).rejects.toThrow('hung up');
    expect(codes.at(-1)).toBe(421);
  });

  it('that are too long get 500, and the session goes on', async () => {
    const { port } = await startFixture();
    const client = await RawClient.login(port);
    client.send(`STOR ${'x'.repeat(100_000)}`);
    client.send('\r\nNOOP\r\n');
    expect(await client.codes(2)).toEqual([500, 200]);
    client.destroy();
  });

  it('that wait behind a transfer run after it; ABOR among them ends it', async () => {
    const { port } = await startFixture();
    const client = await RawClient.login(port);
    await client.data();
    client.send('STOR f\r\nPWD\r\nNOOP\r\n');
    expect((await client.reply()).code).toBe(150);
    client.send('ABOR\r\n');
    expect(await client.codes(4)).toEqual([426, 257, 200, 226]);
    client.destroy();
  });

  it('ABOR in one segment with the transfer ends it', async () => {
    const { port } = await startFixture();
    const client = await RawClient.login(port);
    const data = await client.data();
    client.send('STOR f\r\nABOR\r\n');
    const codes = [(await client.reply()).code, (await client.reply()).code];
    if (codes[0] === 150) codes.push((await client.reply()).code);
    expect(codes.filter((code) => code !== 150)).toEqual([426, 226]);
    expect((await client.ask('SIZE f')).code).toBe(550);
    data.destroy();
    client.destroy();
  });
});

describe('a server', () => {
  it('rejects with the error of the system when it cannot listen', async () => {
    const { port } = await startFixture();
    const options = {
      host: '127.0.0.1',
      log: createLog('test', 'silent'),
      greeting: '',
      login: async () => ({ refused: 'unknown-name' as const }),
    };
    await expect(startFtpServer({ ...options, port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await expect(startFtpServer({ ...options, port: 0, host: '192.0.2.1' })).rejects.toMatchObject({
      code: 'EADDRNOTAVAIL',
    });
  });

  it('ends every session when it closes, and frees everything', async () => {
    const before = resources();
    const { port, server } = await startFixture();
    const idle = await RawClient.connect(port);
    const listening = await RawClient.login(port);
    await listening.passivePort();
    const connected = await RawClient.login(port);
    const unused = await connected.data();
    const uploading = await RawClient.login(port);
    const data = await uploading.data();
    expect((await uploading.ask('STOR f')).code).toBe(150);
    data.write('half');
    await server.close();
    for (const client of [idle, listening, connected, uploading]) await client.closed();
    expect((await idle.reply()).code).toBe(421);
    for (const socket of [unused, data]) {
      socket.resume();
      if (!socket.closed) await once(socket, 'close');
    }
    await expect(RawClient.connect(port)).rejects.toThrow('hung up');
    await settledTo(before);
  });

  it('frees everything of sessions that are killed', async () => {
    const { port } = await startFixture();
    const warm = await RawClient.login(port);
    const before = resources();
    for (let index = 0; index < 20; index++) {
      const client = await RawClient.login(port);
      const dataPort = await client.passivePort();
      const data = index % 2 === 0 ? await connectData(dataPort) : undefined;
      if (index % 4 < 2) await client.ask(`STOR f${index}`);
      resetConnection(client.socket);
      data?.destroy();
    }
    await settledTo(before);
    warm.destroy();
  });
});

/** What keeps this process alive, as it is counted by Node. */
function resources(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((name) => name !== 'Immediate')
    .sort();
}

/** Resolves when nothing more than before is there; the test's own time-out ends a wait in vain. */
async function settledTo(before: readonly string[]): Promise<void> {
  while (resources().length > before.length) await new Promise((resolve) => setImmediate(resolve));
}
