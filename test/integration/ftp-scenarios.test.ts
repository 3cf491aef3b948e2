/**
 * Situations that the suites of ProFTPD and of ftpserverlib try, as far as they apply and are not in the other tests of
 * the engine; written anew from what they try.
 */
import { once } from 'node:events';
import { mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Entry } from '../../src/ftp/file-system.ts';
import { connectData, RawClient, readAll } from './ftp-raw-client.ts';
import { replacing } from './ftp-replaced-folder.ts';
import { startFixture } from './ftp-server-fixture.ts';

/** More than the buffers between server and client hold, so that a transfer of it stays under way. */
const manyBytes = 64 * 1024 * 1024;

/** A session in a folder with a file `f` (`content`), an empty folder `d` and a folder `full` with a file `in`. */
async function start() {
  const fixture = await startFixture();
  const { root, port } = fixture;
  await writeFile(join(root, 'f'), 'content');
  await mkdir(join(root, 'd'));
  await mkdir(join(root, 'full'));
  await writeFile(join(root, 'full', 'in'), '');
  return { ...fixture, client: await RawClient.login(port) };
}

/** Everything in the folder as text, uploads under way apart. */
async function shown(root: string): Promise<string[]> {
  const names = await readdir(root, { recursive: true });
  return names.filter((name) => !name.startsWith('.splitftp')).sort();
}

const untouched = ['d', 'f', 'full', 'full/in'];

describe('a command that cannot be done changes nothing', () => {
  it.each([
    [['RNTO x'], [503]],
    [
      ['RNFR x', 'RNTO y'],
      [550, 503],
    ],
    [
      ['RNFR f', 'RNTO d'],
      [350, 550],
    ],
    [
      ['RNFR f', 'RNTO none/f'],
      [350, 550],
    ],
    [
      ['RNFR d', 'RNTO f'],
      [350, 550],
    ],
    [
      ['RNFR d', 'RNTO d/d'],
      [350, 550],
    ],
    [
      ['RNFR d', 'RNTO full'],
      [350, 550],
    ],
    [
      ['RNFR /', 'RNTO x'],
      [350, 550],
    ],
    [
      ['RNFR f', 'RNTO'],
      [350, 501],
    ],
    [
      ['RNFR f', 'RNTO a\tb', 'RNTO x'],
      [350, 553, 503],
    ],
    [
      ['RNFR f', 'RNFR x', 'RNTO y'],
      [350, 550, 503],
    ],
    [
      ['RNFR f', 'NOOP', 'RNTO f'],
      [350, 200, 250],
    ],
    [
      ['RNFR f', 'PWD', 'RNTO ./f'],
      [350, 257, 250],
    ],
    [['DELE d'], [550]],
    [['DELE x'], [550]],
    [['DELE'], [501]],
    [['RMD full'], [550]],
    [['RMD x'], [550]],
    [['RMD /'], [550]],
    [['RMD ..'], [550]],
    [['RMD'], [501]],
    [['MKD d'], [550]],
    [['MKD d/'], [550]],
    [['MKD f'], [550]],
    [['MKD x/y'], [550]],
    [['MKD f/y'], [550]],
    [['MKD /'], [550]],
    [['MKD'], [501]],
    [['CWD f'], [550]],
    [['CWD x'], [550]],
    [['CWD'], [501]],
    [
      ['CDUP', 'PWD'],
      [250, 257],
    ],
    [
      ['CWD ../../..', 'PWD'],
      [250, 257],
    ],
    [['SIZE d'], [550]],
    [['SIZE'], [550]],
    [['MDTM x'], [550]],
    [['MLST x'], [550]],
    [['STAT x'], [550]],
    [['STOR'], [501]],
    [['APPE'], [501]],
    [['RETR'], [425]],
    [['TYPE'], [501]],
    [['MODE'], [501]],
    [['STRU'], [501]],
    [['STRU R'], [504]],
    [['MODE Z'], [504]],
    [['TYPE A T'], [504]],
    [['TYPE L 7'], [504]],
    [['ALLO'], [501]],
    [['ALLO x'], [501]],
    [['ALLO 100 R 10'], [202]],
    [['REST 99999999999999999999'], [501]],
    [['REST 1.5'], [501]],
    [['EPSV 3'], [522]],
    [['EPSV x'], [522]],
    [['XYZZY'], [500]],
    [['ABCD x'], [502]],
    [['USER'], [501]],
    [['PASS p'], [503]],
    [['OPTS UTF8 OFF'], [504]],
    [['OPTS MLST'], [200]],
    [['OPTS X'], [501]],
  ])('%j: %j', async (commands, codes) => {
    const { client, root } = await start();
    const answered: number[] = [];
    for (const command of commands) answered.push((await client.ask(command)).code);
    expect(answered).toEqual(codes);
    expect(await shown(root)).toEqual(untouched);
    expect(await readFile(join(root, 'f'), 'utf8')).toBe('content');
    client.destroy();
  });

  it.each([
    ['STOR d', 550],
    ['STOR /', 550],
    ['STOR x/y', 550],
    ['STOR f/y', 550],
    ['APPE d', 550],
    ['APPE x/y', 550],
    ['STOU x/y', 550],
    ['RETR d', 550],
    ['RETR x', 550],
    ['RETR f/y', 550],
    ['MLSD f', 550],
    ['MLSD x', 550],
    ['LIST f/y', 550],
    ['NLST none*', 550],
  ])('%s: %i', async (command, code) => {
    const { client, root } = await start();
    expect((await client.retrieve(command)).reply.code).toBe(code);
    expect(await shown(root)).toEqual(untouched);
    client.destroy();
  });
});

describe('renaming', () => {
  it('replaces a file, moves a folder with all that is in it, and a name onto itself', async () => {
    const { client, root } = await start();
    await writeFile(join(root, 'old'), 'old');
    for (const [from, to] of [
      ['f', 'old'],
      ['full', 'd/moved'],
      ['old', 'old'],
      ['d/moved/in', 'd/moved/out'],
    ]) {
      expect((await client.ask(`RNFR ${from}`)).code).toBe(350);
      expect((await client.ask(`RNTO ${to}`)).code, `${from} ${to}`).toBe(250);
    }
    expect(await shown(root)).toEqual(['d', 'd/moved', 'd/moved/out', 'old']);
    expect(await readFile(join(root, 'old'), 'utf8')).toBe('content');
    client.destroy();
  });

  it('is refused for a source that is gone by then', async () => {
    const { client, port } = await start();
    await client.ask('RNFR f');
    const other = await RawClient.login(port);
    await other.ask('DELE f');
    expect((await client.ask('RNTO g')).code).toBe(550);
    other.destroy();
    client.destroy();
  });

  it('keeps the folder that another session works in', async () => {
    const { client, port } = await start();
    const other = await RawClient.login(port);
    await other.ask('CWD d');
    await client.ask('RMD d');
    expect((await other.ask('PWD')).text).toContain('"/d"');
    expect((await other.store('STOR x', '')).code).toBe(550);
    expect((await other.ask('CDUP')).code).toBe(250);
    expect((await other.retrieve('NLST')).content.toString()).toBe('f\r\nfull\r\n');
    other.destroy();
    client.destroy();
  });
});

describe('REST', () => {
  it.each([
    [['REST 7', 'RETR f'], '', [350, 150, 226]],
    [['REST 8', 'RETR f'], '', [350, 554]],
    [['REST 4', 'REST 0', 'RETR f'], 'content', [350, 350, 150, 226]],
    [['REST 4', 'REST 2', 'RETR f'], 'ntent', [350, 350, 150, 226]],
    [['REST 4', 'TYPE A', 'RETR f'], 'ent', [350, 200, 150, 226]],
    [['REST 4', 'LIST x', 'RETR f'], '', [350, 550, 425]],
  ])('%j gives %j', async (commands, content, codes) => {
    const { client } = await start();
    const data = await client.data();
    client.send(commands.map((command) => `${command}\r\n`).join(''));
    expect(await client.codes(codes.length)).toEqual(codes);
    if (codes.at(-1) === 226) expect((await readAll(data)).toString()).toBe(content);
    data.destroy();
    client.destroy();
  });

  it.each([
    ['APPE', 7, 226, 'content+'],
    ['APPE', 3, 554, 'content'],
    ['STOR', 7, 226, 'content+'],
    ['STOR', 3, 554, 'content'],
    ['STOR', 0, 226, '+'],
    ['APPE', 0, 226, 'content+'],
  ])('before %s at byte %i is %i', async (verb, offset, code, content) => {
    const { client, root } = await start();
    const data = await client.data();
    await client.ask(`REST ${offset}`);
    client.send(`${verb} f\r\n`);
    data.end('+');
    const first = (await client.reply()).code;
    expect(first === 150 ? (await client.reply()).code : first).toBe(code);
    expect(await readFile(join(root, 'f'), 'utf8')).toBe(content);
    client.destroy();
  });
});

describe('ABOR', () => {
  it('without a transfer drops the data connection that was prepared', async () => {
    const { client } = await start();
    const waiting = await client.data();
    const closed = once(waiting.resume(), 'close');
    expect((await client.ask('ABOR')).code).toBe(226);
    await closed;
    expect((await client.ask('LIST')).code).toBe(425);
    expect((await client.ask('ABOR')).code).toBe(226);
    client.destroy();
  });

  it('ends a transfer that waits for its data connection', async () => {
    const { client, root } = await start();
    for (const command of ['STOR f', 'RETR f', 'LIST']) {
      await client.passivePort();
      expect((await client.ask(command)).code).toBe(150);
      client.send('ABOR\r\n');
      expect(await client.codes(2)).toEqual([426, 226]);
    }
    expect(await readFile(join(root, 'f'), 'utf8')).toBe('content');
    client.destroy();
  });

  it('ends a listing', async () => {
    const entries = Array.from({ length: 200_000 }, (_, index): Entry => {
      const name = `a name that is somewhat longer than others ${index}`;
      return { name, kind: 'file', size: 1, modified: new Date(0), unique: name };
    });
    const { port } = await startFixture({ wrap: replacing(() => ({ list: async () => entries })) });
    const client = await RawClient.login(port);
    const data = await client.data();
    expect((await client.ask('LIST')).code).toBe(150);
    client.send('ABOR\r\n');
    expect(await client.codes(2)).toEqual([426, 226]);
    data.destroy();
    expect((await client.ask('NOOP')).code).toBe(200);
    client.destroy();
  });

  it('that comes when all is done is answered, once', async () => {
    const { client } = await start();
    expect((await client.store('STOR g', 'x')).code).toBe(226);
    expect((await client.ask('ABOR')).code).toBe(226);
    expect((await client.ask('SIZE g')).text).toBe('213 1');
    client.destroy();
  });
});

describe('files that change while they are read', () => {
  async function downloadOfBig() {
    const started = await start();
    const { client, root } = started;
    await writeFile(join(root, 'big'), '');
    await truncate(join(root, 'big'), manyBytes);
    const data = await client.data();
    expect((await client.ask('RETR big')).code).toBe(150);
    data.pause();
    await once(data, 'readable');
    return { ...started, data, other: await RawClient.login(started.port) };
  }

  it('are read to their end as they were when they are replaced', async () => {
    const { client, data, other, root } = await downloadOfBig();
    expect((await other.store('STOR big', 'new')).code).toBe(226);
    const content = await readAll(data);
    expect(content.length).toBe(manyBytes);
    expect(content.includes('new')).toBe(false);
    expect((await client.reply()).code).toBe(226);
    expect(await readFile(join(root, 'big'), 'utf8')).toBe('new');
    other.destroy();
    client.destroy();
  });

  it.runIf(process.platform !== 'win32').each([['DELE big'], ['RNFR big', 'RNTO moved']])(
    'are read to their end after %s',
    async (...commands) => {
      const { client, data, other } = await downloadOfBig();
      for (const command of commands) expect((await other.ask(command)).code).toBeLessThan(400);
      expect((await readAll(data)).length).toBe(manyBytes);
      expect((await client.reply()).code).toBe(226);
      expect((await client.ask('SIZE big')).code).toBe(550);
      other.destroy();
      client.destroy();
    },
  );
});

describe('data connections', () => {
  it('that nobody makes do not hold the next ones up', async () => {
    const { client } = await start();
    for (const command of ['PASV', 'EPSV', 'PASV', 'PASV'])
      expect((await client.ask(command)).code).toBeLessThan(300);
    expect((await client.retrieve('NLST')).content.toString()).toBe('d\r\nf\r\nfull\r\n');
    client.destroy();
  });

  it('go with PASV as with EPSV, one after the other, a hundred times', async () => {
    const { client, root } = await start();
    for (let index = 0; index < 100; index++) {
      const { text } = await client.ask('PASV');
      const [high, low] = /(\d+),(\d+)\)$/.exec(text)?.slice(1).map(Number) ?? [];
      const data = await connectData((high ?? 0) * 256 + (low ?? 0));
      client.send(`STOR n${index}\r\n`);
      data.end(String(index));
      expect(await client.codes(2)).toEqual([150, 226]);
    }
    expect(await readFile(join(root, 'n99'), 'utf8')).toBe('99');
    client.destroy();
  });

  it('end with QUIT when nothing is under way', async () => {
    const { client } = await start();
    const waiting = await client.data();
    const closed = new Promise((resolve) => waiting.once('close', resolve));
    waiting.on('error', () => undefined); // A reset is as good as an end.
    waiting.resume();
    expect((await client.ask('QUIT')).code).toBe(221);
    await client.closed();
    await closed;
  });

  it('carry bytes that come before the command for them', async () => {
    const { client, root } = await start();
    const data = await client.data();
    data.end('early');
    await new Promise((resolve) => setTimeout(resolve, 50));
    client.send('STOR g\r\n');
    expect(await client.codes(2)).toEqual([150, 226]);
    expect(await readFile(join(root, 'g'), 'utf8')).toBe('early');
    client.destroy();
  });
});

describe('the control connection', () => {
  it('takes a whole session in one segment', async () => {
    const { port } = await start();
    const client = await RawClient.connect(port);
    client.send(
      'USER u\r\nPASS p\r\nSYST\r\nPWD\r\nMKD x\r\nCWD x\r\nPWD\r\nCDUP\r\nRMD x\r\nQUIT\r\nNOOP\r\n',
    );
    expect(await client.codes(10)).toEqual([331, 230, 215, 257, 257, 250, 257, 250, 250, 221]);
    await client.closed();
  });

  it('takes verbs in any case, and none that are only like them', async () => {
    const { client } = await start();
    expect((await client.ask('pwd')).code).toBe(257);
    expect((await client.ask('PwD')).code).toBe(257);
    expect((await client.ask(' PWD')).code).toBe(500);
    expect((await client.ask('PWDX')).code).toBe(502);
    expect((await client.ask('__proto__')).code).toBe(500);
    expect((await client.ask('P\u0000WD')).code).toBe(500);
    client.destroy();
  });

  it('switches users', async () => {
    const { client } = await start();
    await client.ask('CWD d');
    expect((await client.ask('USER nobody')).code).toBe(331);
    expect((await client.ask('PASS p')).code).toBe(530);
    expect((await client.ask('LIST')).code).toBe(530);
    await client.ask('USER u');
    expect((await client.ask('PASS p')).code).toBe(230);
    expect((await client.ask('PWD')).text).toContain('"/"');
    client.destroy();
  });
});
