/**
 * What ftp-srv 4.6.3, the server package under the engine, does wrong by itself, each shown right here: the list of its
 * findings by number. Elsewhere are 18 (ftp-commands), 19 and 26 (ftp-data-connections), 20 to 25 (TLS) and 30
 * (storage-folder); `grep -r 'finding 18:'` finds any.
 */
import { once } from 'node:events';
import { mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { Client } from 'basic-ftp';
import { describe, expect, it } from 'vitest';
import packageLock from '../../package-lock.json' with { type: 'json' };
import { resetConnection } from '../../src/ftp/data/reset-connection.ts';
import type { Entry } from '../../src/ftp/file-system.ts';
import { createLog } from '../../src/log/log.ts';
import { freePorts } from '../ports.ts';
import { connectData, RawClient, readAll } from './ftp-raw-client.ts';
import { replacing } from './ftp-replaced-folder.ts';
import { startFixture } from './ftp-server-fixture.ts';

/** More than the buffers between server and client hold, so that a transfer of it stays under way. */
const manyBytes = 64 * 1024 * 1024;

/** A client with a file of {@link manyBytes} on its way to it. */
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

async function beginUpload(port: number, command: string): Promise<{ client: RawClient; data: Socket }> {
  const client = await RawClient.login(port);
  const data = await client.data();
  expect((await client.ask(command)).code).toBe(150);
  data.write('half');
  return { client, data };
}

/** Asks until it is so, for what the server learns from the network in its own time. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}

function count(resource: string): number {
  return process.getActiveResourcesInfo().filter((name) => name === resource).length;
}

describe('data loss, wrong result', () => {
  it.each([
    'STOR f',
    'APPE f',
  ])('finding 1: a reset data connection leaves the old file: %s', async (command) => {
    const { port, root } = await startFixture();
    await writeFile(join(root, 'f'), 'old');
    const { client, data } = await beginUpload(port, command);
    resetConnection(data);
    expect((await client.reply()).code).toBe(426);
    expect(await readFile(join(root, 'f'), 'utf8')).toBe('old');
    expect(await readdir(join(root, '.splitftp-uploads'))).toEqual([]);
    client.destroy();
  });

  it('finding 2: REST and STOR never write zeros: at the end it goes on, elsewhere it is refused', async () => {
    const { port, root } = await startFixture();
    await writeFile(join(root, 'f'), '0123456789');
    const client = await RawClient.login(port);
    for (const [offset, code, content] of [
      [5, 554, '0123456789'],
      [11, 554, '0123456789'],
      [10, 226, '0123456789BBBBB'],
    ] as const) {
      const data = await client.data();
      expect((await client.ask(`REST ${offset}`)).code).toBe(350);
      client.send('STOR f\r\n');
      data.end('BBBBB');
      const { code: first } = await client.reply();
      expect(first === 150 ? (await client.reply()).code : first).toBe(code);
      expect(await readFile(join(root, 'f'), 'utf8')).toBe(content);
    }
    const data = await client.data();
    await client.ask('REST 5');
    expect((await client.ask('STOR new')).code).toBe(550);
    data.destroy();
    client.destroy();
  });

  it('finding 3: REST holds for the next transfer only, also when that fails', async () => {
    const { port, root } = await startFixture();
    await writeFile(join(root, 'f'), '0123456789');
    const client = await RawClient.login(port);
    const data = await client.data();
    await client.ask('REST 5');
    expect((await client.ask('RETR nothing')).code).toBe(550);
    data.destroy();
    expect((await client.retrieve('RETR f')).content.toString()).toBe('0123456789');
    await client.ask('REST 5');
    await client.ask('CWD /');
    expect((await client.retrieve('RETR f')).content.toString()).toBe('0123456789');
    client.destroy();
  });

  it('finding 4: quotes and words like -x belong to names and to passwords', async () => {
    const password = ' my "pass" -x word ';
    const { port, root } = await startFixture({ password });
    for (const name of ['ab', 'a"b', 'my file', 'my -x file']) await writeFile(join(root, name), '');
    const client = await RawClient.login(port, 'u', password);
    expect((await client.ask('DELE a"b')).code).toBe(250);
    expect((await client.ask('DELE my -x file')).code).toBe(250);
    expect((await readdir(root)).sort()).toEqual(['.splitftp-uploads', 'ab', 'my file']);
    client.destroy();
  });

  it('finding 5: RMD of a file is refused', async () => {
    const { port, root } = await startFixture();
    await writeFile(join(root, 'f'), 'kept');
    const client = await RawClient.login(port);
    expect((await client.ask('RMD f')).code).toBe(550);
    expect((await client.ask('XRMD f')).code).toBe(550);
    expect(await readFile(join(root, 'f'), 'utf8')).toBe('kept');
    client.destroy();
  });

  it('finding 6: a STOR that ends too soon is not stored where the client said how long it is', async () => {
    const { port, root } = await startFixture();
    await writeFile(join(root, 'f'), 'old');
    const client = await RawClient.login(port);
    await client.ask('SITE EXPECT 100');
    expect((await client.store('STOR f', 'too short')).code).toBe(426);
    expect(await readFile(join(root, 'f'), 'utf8')).toBe('old');
    client.destroy();
  });

  it('finding 7: a LIST whose data connection was reset is told as aborted', async () => {
    const entries = Array.from({ length: 200_000 }, (_, index): Entry => {
      const name = `a name that is somewhat longer than others ${index}`;
      return { name, kind: 'file', size: 1, modified: new Date(0), unique: name };
    });
    const { port } = await startFixture({ wrap: replacing(() => ({ list: async () => entries })) });
    const client = await RawClient.login(port);
    for (const command of ['LIST', 'NLST', 'MLSD']) {
      const data = await client.data();
      expect((await client.ask(command)).code).toBe(150);
      resetConnection(data);
      expect((await client.reply()).code, command).toBe(426);
    }
    client.destroy();
  });
});

describe('hangs, leaks', () => {
  it('finding 8: NOOP, STAT and ABOR are heard during a download', async () => {
    const { port, root } = await startFixture();
    const { client, data } = await beginDownload(port, root);
    expect((await client.ask('NOOP')).code).toBe(200);
    expect((await client.ask('STAT')).text).toMatch(/^211 .* \d+ bytes/);
    client.send('ABOR\r\n');
    expect(await client.codes(2)).toEqual([426, 226]);
    data.destroy();
    client.destroy();
  });

  it('finding 8: NOOP, STAT and ABOR are heard during an upload', async () => {
    const { port, root } = await startFixture();
    await writeFile(join(root, 'f'), 'old');
    const { client } = await beginUpload(port, 'STOR f');
    expect((await client.ask('NOOP')).code).toBe(200);
    expect((await client.ask('STAT')).code).toBe(211);
    client.send('ABOR\r\n');
    expect(await client.codes(2)).toEqual([426, 226]);
    expect(await readFile(join(root, 'f'), 'utf8')).toBe('old');
    client.destroy();
  });

  it('finding 9: a client that closes its own direction gets all of its download', async () => {
    const { port, root } = await startFixture();
    const { client, data } = await beginDownload(port, root);
    data.end();
    let bytes = 0;
    data.on('data', (chunk) => {
      bytes += chunk.length;
    });
    expect((await client.reply()).code).toBe(226);
    await until(() => bytes === manyBytes);
    client.destroy();
  });

  it.runIf(process.platform === 'linux')('finding 9: killed clients leave no file open', async () => {
    const { port, root } = await startFixture();
    const open = async () => (await readdir('/proc/self/fd')).length;
    (await RawClient.login(port)).destroy();
    const before = await open();
    for (const command of ['STOR', 'RETR', 'STOR', 'RETR']) {
      const { client, data } =
        command === 'STOR' ? await beginUpload(port, 'STOR f') : await beginDownload(port, root);
      resetConnection(client.socket);
      data.resume();
      await once(data, 'close').catch(() => undefined);
    }
    await until(async () => (await open()) <= before);
    expect(await readdir(join(root, '.splitftp-uploads'))).toEqual([]);
  });

  it('finding 10: listings nobody fetched leave no timer', async () => {
    const { port } = await startFixture({ limits: { dataConnectionMs: 20 } });
    const client = await RawClient.login(port);
    const before = count('Timeout');
    for (let index = 0; index < 20; index++) {
      await client.passivePort();
      client.send('LIST\r\n');
      expect(await client.codes(2)).toEqual([150, 425]);
    }
    await until(() => count('Timeout') <= before);
    client.destroy();
  });

  it('finding 11: a session has one listener, however often it asks', async () => {
    // Ports that no other program takes in between.
    const range = await freePorts(40);
    const passivePorts = { first: Math.min(...range), last: Math.max(...range) };
    const { port } = await startFixture({ dataConnections: { activeMode: false, passivePorts } });
    const client = await RawClient.login(port);
    const ports = new Set<number>();
    for (let index = 0; index < 80; index++) ports.add(await client.passivePort());
    const attempts = await Promise.allSettled([...ports].map((each) => connectData(each)));
    expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    client.destroy();
    for (const attempt of attempts) if (attempt.status === 'fulfilled') attempt.value.destroy();
  });

  it('finding 12: a listener that was replaced does nothing to its successor when its time is over', async () => {
    const { port, root } = await startFixture({ limits: { dataConnectionMs: 300 } });
    const client = await RawClient.login(port);
    await client.passivePort();
    const over = new Promise((resolve) => setTimeout(resolve, 350));
    await new Promise((resolve) => setTimeout(resolve, 150));
    const data = await client.data();
    expect((await client.ask('STOR f')).code).toBe(150);
    data.write('before ');
    await over;
    data.end('after');
    expect((await client.reply()).code).toBe(226);
    expect(await readFile(join(root, 'f'), 'utf8')).toBe('before after');
    client.destroy();
  });

  it('finding 13: a transfer is no idleness, waiting for nothing is', async () => {
    const { port } = await startFixture({ limits: { idleMs: 100, loginMs: 100 } });
    const unknown = await RawClient.connect(port);
    const { client, data } = await beginUpload(port, 'STOR f');
    expect((await unknown.reply()).code).toBe(421);
    await unknown.closed();
    await new Promise((resolve) => setTimeout(resolve, 300));
    data.end('+half');
    expect((await client.reply()).code).toBe(226);
    expect((await client.reply()).code).toBe(421);
    await client.closed();
  });

  it('finding 14: every command has its reply, with an argument or without', async () => {
    const { port } = await startFixture({ dataConnections: { activeMode: true } });
    const client = await RawClient.login(port);
    const help = await client.ask('HELP');
    const verbs = help.text.split('\n').slice(1, -1).join(' ').trim().split(/ +/);
    expect(verbs).toContain('STOR');
    expect(verbs.length).toBeGreaterThan(50);
    const services = ['SITE CHMOD', 'SITE UTIME', 'SITE EXPECT', 'SITE HELP', 'SITE NONE'];
    for (const verb of [
      ...verbs.filter((each) => !['QUIT', 'REIN', 'USER', 'PASS'].includes(each)),
      ...services,
    ]) {
      for (const argument of ['', ' ', ' x', '  x  y ', ' ""', ' -', ' %s%n']) {
        await client.ask('ABOR'); // Drops a data connection that was prepared.
        const { code } = await client.ask(`${verb}${argument}`);
        expect(code >= 200 && code < 600 && code !== 451, `${verb}${argument}: ${code}`).toBe(true);
        // Exactly one: what follows is the reply to what follows.
        expect((await client.ask('XPWD')).code, verb).toBe(257);
      }
    }
    client.destroy();
  });
});

describe('protocol', () => {
  it('finding 15: commands come in any pieces, with any line end, with Telnet between', async () => {
    const { port } = await startFixture();
    const client = await RawClient.login(port);
    const pieces = async (...texts: (string | Uint8Array)[]) => {
      for (const text of texts) {
        client.send(text);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      return (await client.reply()).code;
    };
    expect(await pieces('NO', 'OP\r\n')).toBe(200);
    expect(await pieces('NOOP\r', '\n')).toBe(200);
    expect(await pieces('NOOP\n')).toBe(200);
    const name = Buffer.from('MKD é日🎉\r\n');
    expect(await pieces(name.subarray(0, 5), name.subarray(5, 8), name.subarray(8))).toBe(257);
    expect((await client.ask('CWD é日🎉')).code).toBe(250);
    expect(await pieces(Buffer.from([255, 244, 255, 242]), 'NOOP\r\n')).toBe(200);
    expect(await pieces(Buffer.from([255, 251, 1]), 'NOOP\r\n')).toBe(200);
    client.destroy();
  });

  it('finding 16: SIZE of an empty file is 0', async () => {
    const { port, root } = await startFixture();
    await writeFile(join(root, 'empty'), '');
    const client = new Client();
    await client.access({ host: '127.0.0.1', port, user: 'u', password: 'p' });
    expect(await client.size('empty')).toBe(0);
    expect((await client.send('SIZE empty')).message).toBe('213 0');
    client.close();
  });

  describe('finding 17:', () => {
    it('LIST takes flags, and what is missing is 550', async () => {
      const { port, root } = await startFixture();
      await writeFile(join(root, 'f'), '');
      const client = await RawClient.login(port);
      expect((await client.retrieve('LIST -al')).content.toString()).toMatch(/ f\r\n$/);
      for (const command of ['LIST x', 'NLST x', 'MLSD x', 'LIST -al x']) {
        expect((await client.retrieve(command)).reply.code, command).toBe(550);
      }
      for (const command of ['MLST x', 'CWD x', 'STAT x', 'SIZE x']) {
        expect((await client.ask(command)).code, command).toBe(550);
      }
      client.destroy();
    });

    it('replies tell virtual paths, never those of the machine', async () => {
      const { port, root } = await startFixture();
      await writeFile(join(root, 'f'), '');
      const client = await RawClient.login(port);
      expect((await client.ask('MKD d')).text).toBe('257 "/d" was created.');
      for (const command of [
        'MKD d',
        'MKD f/x',
        'CWD f',
        'RMD f',
        'DELE d',
        'SIZE d',
        'RETR d',
        'DELE x',
        'RNFR x',
      ]) {
        const { text } = command.startsWith('RETR')
          ? (await client.retrieve(command)).reply
          : await client.ask(command);
        expect(text, command).toMatch(/^550 /);
        expect(text).not.toContain(root);
      }
      client.destroy();
    });

    it('an existing folder is not made again; an empty one lists nothing at all', async () => {
      const { port, root } = await startFixture();
      await mkdir(join(root, 'd'));
      const client = await RawClient.login(port);
      expect((await client.ask('MKD d')).code).toBe(550);
      for (const command of ['NLST d', 'LIST d', 'MLSD d']) {
        expect((await client.retrieve(command)).content.length, command).toBe(0);
      }
      client.destroy();
    });

    it.each([
      ['STAT d', 212],
      ['STAT f', 213],
      ['TYPE A N', 200],
      ['TYPE L 8', 200],
      ['EPSV ALL', 200],
      ['MLST f', 250],
      ['MFMT 20200102030405 f', 213],
      ['MDTM 20200102030405 f', 213],
      ['SITE UTIME 20200102030405 f', 200],
      ['HASH f', 213],
      ['CLNT x', 200],
      ['REIN', 220],
    ])('%s is %i', async (command, code) => {
      const { port, root } = await startFixture();
      await writeFile(join(root, 'f'), '');
      await mkdir(join(root, 'd'));
      const client = await RawClient.login(port);
      expect((await client.ask(command)).code).toBe(code);
      client.destroy();
    });

    it('USER is taken after a wrong PASS, and HOST before USER', async () => {
      const { port } = await startFixture();
      const client = await RawClient.connect(port);
      expect((await client.ask('HOST ftp.example.com')).code).toBe(220);
      expect((await client.ask('USER u')).code).toBe(331);
      expect((await client.ask('PASS wrong')).code).toBe(530);
      expect((await client.ask('USER u')).code).toBe(331);
      expect((await client.ask('PASS p')).code).toBe(230);
      client.destroy();
    });

    it('FEAT lists what there is, and no AUTH without TLS', async () => {
      const { port } = await startFixture();
      const client = await RawClient.connect(port);
      const { text } = await client.ask('FEAT');
      for (const feature of [
        'REST STREAM',
        'MLST type*;',
        'EPSV',
        'TVFS',
        'HASH SHA-256*;',
        'UTF8',
        'MFMT',
      ]) {
        expect(text).toContain(`\n ${feature}`);
      }
      expect(text).not.toMatch(/\n (AUTH|PBSZ|PROT)/);
      client.destroy();
    });
  });
});

describe('security', () => {
  it('finding 27: a connection from another address is turned away, and the client still gets through', async () => {
    const { port } = await startFixture();
    const client = await RawClient.login(port);
    const dataPort = await client.passivePort();
    const foreign = await connectData(dataPort, '127.0.0.2');
    expect((await readAll(foreign)).length).toBe(0);
    const data = await connectData(dataPort);
    expect((await client.ask('LIST')).code).toBe(150);
    await readAll(data);
    expect((await client.reply()).code).toBe(226);
    client.destroy();
  });

  it('finding 28: the signals of the process are left alone', async () => {
    const listeners = () => ['SIGTERM', 'SIGINT', 'SIGQUIT'].map((signal) => process.listenerCount(signal));
    const before = listeners();
    await startFixture();
    expect(listeners()).toEqual(before);
  });

  it('finding 29: no log line of any level holds a password', async () => {
    const lines: string[] = [];
    const log = createLog('test', 'trace', { write: (line) => void lines.push(line) });
    const { port } = await startFixture({ log, password: 'swordfish' });
    const wrong = await RawClient.connect(port);
    await wrong.ask('USER u');
    await wrong.ask('PASS sword-fish');
    await wrong.ask('ACCT sword.fish');
    wrong.destroy();
    const client = await RawClient.login(port, 'u', 'swordfish');
    await client.ask('NOOP');
    client.destroy();
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.join('')).not.toMatch(/sword.?fish/);
  });

  it('finding 31: the dependencies of ftp-srv that have advisories are not installed', () => {
    const installed = new Map<string, string>();
    for (const [path, { version, name }] of Object.entries<{ version?: string; name?: string }>(
      packageLock.packages,
    )) {
      const short = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
      if (short === 'ip' || short === 'uuid') installed.set(name ?? short, version ?? '');
    }
    expect([...installed.keys()].sort()).toEqual(['@webpod/ip', 'uuid']);
    expect(Number.parseInt(installed.get('uuid') ?? '', 10)).toBeGreaterThanOrEqual(11);
  });
});
