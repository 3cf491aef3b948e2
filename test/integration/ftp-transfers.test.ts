import { once } from 'node:events';
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { resetConnection } from '../../src/ftp/data/reset-connection.ts';
import { FileSystemError } from '../../src/ftp/file-system.ts';
import { connectData, RawClient, readAll } from './ftp-raw-client.ts';
import { replacing } from './ftp-replaced-folder.ts';
import { startFixture } from './ftp-server-fixture.ts';

/** More than the buffers between server and client hold, so that a transfer of it stays under way. */
const manyBytes = 64 * 1024 * 1024;
const uploads = '.splitftp-uploads';

/** Asks until the answer is right, for what the server learns from the network in its own time. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}

async function noUploadsIn(root: string): Promise<boolean> {
  return (await readdir(join(root, uploads))).length === 0;
}

/** A client with an upload under way, of which some bytes have arrived. */
async function beginUpload(port: number, command = 'STOR f'): Promise<{ client: RawClient; data: Socket }> {
  const client = await RawClient.login(port);
  const data = await client.data();
  expect((await client.ask(command)).code).toBe(150);
  data.write('half');
  return { client, data };
}

async function beginDownload(port: number, root: string): Promise<{ client: RawClient; data: Socket }> {
  await writeFile(join(root, 'big'), '');
  await truncate(join(root, 'big'), manyBytes);
  const client = await RawClient.login(port);
  const data = await client.data();
  expect((await client.ask('RETR big')).code).toBe(150);
  data.pause();
  await once(data, 'readable');
  return { client, data };
}

describe('a download', () => {
  it('starts where REST said, for the next transfer only', async () => {
    const { port, root } = await startFixture();
    await writeFile(join(root, 'f'), '0123456789');
    const client = await RawClient.login(port);
    const retrieveAfter = async (...commands: string[]) => {
      const data = await client.data();
      for (const command of commands) await client.ask(command);
      client.send('RETR f\r\n');
      const content = await readAll(data);
      return { content: content.toString(), codes: await client.codes(content.length > 0 ? 2 : 1) };
    };
    expect((await retrieveAfter('REST 4')).content).toBe('456789');
    expect((await retrieveAfter()).content).toBe('0123456789');
    expect((await retrieveAfter('REST 4', 'TYPE I', 'SIZE f')).content).toBe('456789');
    expect((await retrieveAfter('REST 4', 'CWD /')).content).toBe('0123456789');
    expect((await retrieveAfter('REST 4', 'RETR nothing')).codes).toEqual([425]);
    expect((await retrieveAfter('REST 11')).codes).toEqual([554]);
    client.destroy();
  });

  it('of nothing, of a folder, of an empty file, from its end', async () => {
    const { port, root } = await startFixture();
    await writeFile(join(root, 'empty'), '');
    const client = await RawClient.login(port);
    expect((await client.retrieve('RETR nothing')).reply.code).toBe(550);
    expect((await client.retrieve('RETR /')).reply.code).toBe(550);
    expect(await client.retrieve('RETR empty')).toMatchObject({
      reply: { code: 226 },
      content: Buffer.alloc(0),
    });
    client.destroy();
  });

  it('is aborted by ABOR, and the session goes on', async () => {
    const { port, root } = await startFixture();
    const { client, data } = await beginDownload(port, root);
    client.send(Buffer.from([255, 244, 255, 242]));
    client.send('ABOR\r\n');
    expect(await client.codes(2)).toEqual([426, 226]);
    data.destroy();
    expect((await client.retrieve('NLST')).content.toString()).toBe('big\r\n');
    client.destroy();
  });

  it('answers NOOP and STAT at once and QUIT at its end', async () => {
    const { port, root } = await startFixture();
    const { client, data } = await beginDownload(port, root);
    expect((await client.ask('NOOP')).code).toBe(200);
    expect((await client.ask('STAT')).text).toMatch(/^211 .* \d+ bytes/);
    client.send('QUIT\r\n');
    const content = await readAll(data);
    expect(content.length).toBe(manyBytes);
    expect(await client.codes(2)).toEqual([226, 221]);
    await client.closed();
  });

  it('tells a client that closed the data connection', async () => {
    const { port, root } = await startFixture();
    const { client, data } = await beginDownload(port, root);
    data.destroy();
    expect((await client.reply()).code).toBe(426);
    client.destroy();
  });

  it('frees the file when the control connection is lost', async () => {
    let source: Readable | undefined;
    const { port, root } = await startFixture({
      wrap: replacing((folder) => ({
        read: async (path, offset) => {
          source = await folder.read(path, offset);
          return source;
        },
      })),
    });
    const { client, data } = await beginDownload(port, root);
    resetConnection(client.socket);
    await expect(readAll(data)).rejects.toThrow('ECONNRESET');
    await until(async () => source?.closed === true);
  });

  it('is reset, not ended, when the file fails midway', async () => {
    const { port, root } = await startFixture({
      wrap: replacing(() => ({
        read: async () =>
          Readable.from(
            (async function* () {
              yield Buffer.alloc(100_000);
              throw new FileSystemError('damaged', 'Block 3 is damaged.');
            })(),
          ),
      })),
    });
    await writeFile(join(root, 'f'), 'x');
    const client = await RawClient.login(port);
    const data = await client.data();
    expect((await client.ask('RETR f')).code).toBe(150);
    await expect(readAll(data)).rejects.toThrow('ECONNRESET');
    expect((await client.reply()).text).toBe('451 Block 3 is damaged.');
    client.destroy();
  });

  it('ends when no byte moves', async () => {
    const { port, root } = await startFixture({ limits: { stallMs: 100 } });
    const { client, data } = await beginDownload(port, root);
    expect((await client.reply()).code).toBe(426);
    data.destroy();
    client.destroy();
  });

  it('is not taken for idleness', async () => {
    const { port, root } = await startFixture({ limits: { idleMs: 100 } });
    const { client, data } = await beginDownload(port, root);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await readAll(data)).length).toBe(manyBytes);
    expect((await client.reply()).code).toBe(226);
    client.destroy();
  });
});

describe('an upload', () => {
  it('replaces, appends, goes on with REST at the end, and never writes into the middle', async () => {
    const { port, root } = await startFixture();
    const client = await RawClient.login(port);
    const content = () => readFile(join(root, 'f'), 'utf8');
    expect((await client.store('APPE f', 'one')).code).toBe(226);
    expect((await client.store('APPE f', 'two')).code).toBe(226);
    expect(await content()).toBe('onetwo');
    const storeAt = async (offset: number, order: 'REST last' | 'REST first' = 'REST last') => {
      if (order === 'REST first') await client.ask(`REST ${offset}`);
      const data = await client.data();
      if (order === 'REST last') await client.ask(`REST ${offset}`);
      client.send('STOR f\r\n');
      data.end('!');
      const { code } = await client.reply();
      return code === 150 ? (await client.reply()).code : code;
    };
    expect(await storeAt(6)).toBe(226);
    expect(await storeAt(7, 'REST first')).toBe(226);
    expect(await content()).toBe('onetwo!!');
    expect(await storeAt(3)).toBe(554);
    expect(await storeAt(3, 'REST first')).toBe(554);
    expect(await storeAt(9)).toBe(554);
    expect(await content()).toBe('onetwo!!');
    expect(await storeAt(0)).toBe(226);
    expect(await content()).toBe('!');
    expect((await client.store('STOR f', '')).code).toBe(226);
    expect(await content()).toBe('');
    expect((await client.store('STOR missing/f', '')).code).toBe(550);
    client.destroy();
  });

  it('is seen under its name only when it is whole', async () => {
    const { port, root } = await startFixture();
    await writeFile(join(root, 'f'), 'old');
    const { client, data } = await beginUpload(port);
    expect(await readFile(join(root, 'f'), 'utf8')).toBe('old');
    data.end('+half');
    expect((await client.reply()).code).toBe(226);
    expect(await readFile(join(root, 'f'), 'utf8')).toBe('half+half');
    client.destroy();
  });

  it.each(['STOR f', 'APPE f'])('leaves the old file after ABOR: %s', async (command) => {
    const { port, root } = await startFixture();
    await writeFile(join(root, 'f'), 'old');
    const { client } = await beginUpload(port, command);
    client.send('ABOR\r\n');
    expect(await client.codes(2)).toEqual([426, 226]);
    expect(await readFile(join(root, 'f'), 'utf8')).toBe('old');
    expect(await noUploadsIn(root)).toBe(true);
    expect((await client.store('STOR f', 'new')).code).toBe(226);
    client.destroy();
  });

  it.each(['STOR f', 'APPE f'])('leaves the old file when the client is gone: %s', async (command) => {
    const { port, root } = await startFixture();
    await writeFile(join(root, 'f'), 'old');
    for (const end of ['reset', 'close', 'close with the data'] as const) {
      const { client, data } = await beginUpload(port, command);
      if (end === 'reset') resetConnection(client.socket);
      else client.socket.destroy();
      if (end === 'close with the data') data.end();
      await until(() => noUploadsIn(root));
      // Busy until the server is through with it.
      const other = await RawClient.login(port);
      await until(
        async () => (await other.ask('RNFR f')).code === 350 && (await other.ask('RNTO f')).code === 250,
      );
      expect(await readFile(join(root, 'f'), 'utf8'), end).toBe('old');
      other.destroy();
      data.destroy();
    }
  });

  it('carries as many bytes as SITE EXPECT said, or is not stored', async () => {
    const { port, root } = await startFixture();
    const client = await RawClient.login(port);
    expect((await client.ask('SITE EXPECT 3')).code).toBe(200);
    expect((await client.store('STOR f', 'one')).code).toBe(226);
    await client.ask('SITE EXPECT 3');
    expect((await client.store('STOR f', 'four')).code).toBe(426);
    await client.ask('SITE EXPECT 5');
    expect((await client.store('APPE f', 'four')).code).toBe(426);
    expect(await readFile(join(root, 'f'), 'utf8')).toBe('one');
    // It holds for one upload.
    expect((await client.store('STOR f', 'four')).code).toBe(226);
    for (const argument of ['', '-1', 'x', '1.5', '99999999999999999999']) {
      expect((await client.ask(`SITE EXPECT ${argument}`)).code).toBe(501);
    }
    client.destroy();
  });

  it('stops at once when its file fails, and says why', async () => {
    let aborted = 0;
    const { port } = await startFixture({
      wrap: replacing(() => ({
        write: async () => ({
          offset: 0,
          stream: new Writable({
            write: (_chunk, _encoding, done) => done(new FileSystemError('no-space', 'The disk is full.')),
          }),
          commit: () => Promise.reject(new Error('committed')),
          abort: async () => {
            aborted++;
          },
        }),
      })),
    });
    const { client, data } = await beginUpload(port);
    expect((await client.reply()).text).toBe('452 The disk is full.');
    expect(aborted).toBe(1);
    await expect(once(data, 'close')).rejects.toThrow('ECONNRESET');
    client.destroy();
  });

  it('fails while it waits for its data connection when its file fails', async () => {
    const stream = new PassThrough();
    const { port } = await startFixture({
      wrap: replacing(() => ({
        write: async () => ({
          offset: 0,
          stream,
          commit: () => Promise.reject(new Error('committed')),
          abort: async () => undefined,
        }),
      })),
    });
    const client = await RawClient.login(port);
    await client.passivePort();
    expect((await client.ask('STOR f')).code).toBe(150);
    stream.destroy(new FileSystemError('unavailable', 'Storage server 2 is down.'));
    expect((await client.reply()).text).toBe('451 Storage server 2 is down.');
    client.destroy();
  });

  it('keeps its file from being removed, renamed or written by others', async () => {
    const { port, root } = await startFixture();
    const { client, data } = await beginUpload(port);
    const other = await RawClient.login(port);
    await writeFile(join(root, 'g'), '');
    await writeFile(join(root, 'f'), '');
    expect((await other.ask('DELE f')).code).toBe(450);
    await other.ask('RNFR f');
    expect((await other.ask('RNTO h')).code).toBe(450);
    await other.ask('RNFR g');
    expect((await other.ask('RNTO f')).code).toBe(450);
    expect((await other.store('STOR f', '')).code).toBe(450);
    expect((await other.store('APPE f', '')).code).toBe(450);
    data.end();
    expect((await client.reply()).code).toBe(226);
    expect((await other.ask('DELE f')).code).toBe(250);
    other.destroy();
    client.destroy();
  });

  it('ends when no byte comes', async () => {
    const { port } = await startFixture({ limits: { stallMs: 100 } });
    const { client, data } = await beginUpload(port);
    expect((await client.reply()).code).toBe(426);
    data.destroy();
    client.destroy();
  });
});

describe('a data connection', () => {
  it('is waited for, but not for ever', async () => {
    const { port } = await startFixture({ limits: { dataConnectionMs: 100 } });
    const client = await RawClient.login(port);
    await client.passivePort();
    client.send('LIST\r\n');
    expect(await client.codes(2)).toEqual([150, 425]);
    client.destroy();
  });

  it('is used once', async () => {
    const { port } = await startFixture();
    const client = await RawClient.login(port);
    await client.retrieve('LIST');
    expect((await client.ask('LIST')).code).toBe(425);
    client.destroy();
  });

  it('may be made after the transfer was asked for', async () => {
    const { port } = await startFixture();
    const client = await RawClient.login(port);
    const dataPort = await client.passivePort();
    expect((await client.ask('STOR f')).code).toBe(150);
    const data = await connectData(dataPort);
    data.end('x');
    expect((await client.reply()).code).toBe(226);
    client.destroy();
  });
});
