import { writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'basic-ftp';
import { describe, expect, it } from 'vitest';
import { RawClient } from './ftp-raw-client.ts';
import { startFixture } from './ftp-server-fixture.ts';

describe('login', () => {
  it('is needed for everything that touches files', async () => {
    const { port } = await startFixture();
    const client = await RawClient.connect(port);
    for (const command of ['PWD', 'EPSV', 'LIST', 'RETR x', 'DELE x', 'SITE HELP', 'STAT x', 'TYPE I']) {
      expect((await client.ask(command)).code, command).toBe(530);
    }
    for (const command of ['SYST', 'FEAT', 'NOOP', 'HELP', 'STAT', 'OPTS UTF8 ON']) {
      expect((await client.ask(command)).code, command).toBeLessThan(300);
    }
    client.destroy();
  });

  it('hangs up after three wrong tries', async () => {
    const { port } = await startFixture();
    const client = await RawClient.connect(port);
    const codes: number[] = [];
    for (const [user, password] of [
      ['u', 'wrong'],
      ['nobody', 'p'],
      ['u', ''],
    ]) {
      await client.ask(`USER ${user}`);
      codes.push((await client.ask(`PASS ${password}`)).code);
    }
    expect(codes).toEqual([530, 530, 421]);
    await client.closed();
  });

  it('can be done again, and PASS needs USER first', async () => {
    const { port } = await startFixture();
    const client = await RawClient.connect(port);
    expect((await client.ask('PASS p')).code).toBe(503);
    await client.ask('USER u');
    expect((await client.ask('PASS p')).code).toBe(230);
    await client.ask('USER u');
    expect((await client.ask('PWD')).code).toBe(530);
    expect((await client.ask('PASS p')).code).toBe(230);
    client.destroy();
  });

  it('has a time-out', async () => {
    const { port } = await startFixture({ limits: { loginMs: 50 } });
    const client = await RawClient.connect(port);
    expect((await client.reply()).code).toBe(421);
    await client.closed();
  });

  it('ends when the client is idle', async () => {
    const { port } = await startFixture({ limits: { idleMs: 100 } });
    const client = await RawClient.login(port);
    expect((await client.reply()).code).toBe(421);
    await client.closed();
  });
});

describe('files and folders', () => {
  it('walks, makes, renames, removes', async () => {
    const { port, root } = await startFixture();
    const client = await RawClient.login(port);
    expect((await client.ask('MKD a "q" b')).text).toBe('257 "/a ""q"" b" was created.');
    expect((await client.ask('MKD a "q" b')).code).toBe(550);
    expect((await client.ask('MKD x/y')).code).toBe(550);
    expect((await client.ask('CWD a "q" b')).code).toBe(250);
    expect((await client.ask('PWD')).text).toBe('257 "/a ""q"" b" is the current folder.');
    expect((await client.store('STOR f', 'one')).code).toBe(226);
    expect((await client.ask('CDUP')).code).toBe(250);
    expect((await client.ask('RMD a "q" b')).code).toBe(550);
    expect((await client.ask('RMD a "q" b/f')).code).toBe(550);
    expect((await client.ask('DELE a "q" b')).code).toBe(550);
    expect((await client.ask('RNFR nothing')).code).toBe(550);
    expect((await client.ask('RNFR a "q" b/f')).code).toBe(350);
    expect((await client.ask('RNTO g')).code).toBe(250);
    expect(await readFile(join(root, 'g'), 'utf8')).toBe('one');
    expect((await client.ask('RMD a "q" b')).code).toBe(250);
    expect((await client.ask('DELE g')).code).toBe(250);
    expect((await client.ask('CWD g')).code).toBe(550);
    client.destroy();
  });

  it('forgets RNFR when something else is done before RNTO', async () => {
    const { port, root } = await startFixture();
    await writeFile(join(root, 'a'), '');
    const client = await RawClient.login(port);
    await client.ask('RNFR a');
    await client.ask('CWD /');
    expect((await client.ask('RNTO b')).code).toBe(503);
    client.destroy();
  });

  it.each([
    ' leading',
    'trailing ',
    '-x',
    'my -x file',
    "it's",
    'a"b"',
    'é日本🎉',
    'a\\b',
    '%41',
    '*',
  ])('takes the name %j', async (name) => {
    const { port, root } = await startFixture();
    const client = await RawClient.login(port);
    expect((await client.store(`STOR ${name}`, name)).code).toBe(226);
    expect((await client.retrieve(`RETR ${name}`)).content.toString()).toBe(name);
    expect((await client.retrieve('MLSD')).content.toString()).toMatch(/; (.*)\r\n$/);
    expect((await client.retrieve('MLSD')).content.toString().split('; ')[1]).toBe(`${name}\r\n`);
    expect((await client.ask(`MLST ${name}`)).text).toContain(`; /${name}\n`);
    expect(await readdir(root)).toContain(name);
    expect((await client.ask(`DELE ${name}`)).code).toBe(250);
    client.destroy();
  });

  it('refuses control characters and what is too long', async () => {
    const { port } = await startFixture();
    const client = await RawClient.login(port);
    for (const name of ['a\0b', 'a\tb', 'a\rb', 'a\u007f', 'x'.repeat(256), 'x/'.repeat(2050)]) {
      expect((await client.store(`STOR ${name}`, '')).code).toBe(553);
      expect((await client.ask(`MKD ${name}`)).code).toBe(553);
    }
    client.destroy();
  });

  it('refuses what is not UTF-8', async () => {
    const { port } = await startFixture();
    const client = await RawClient.login(port);
    client.send(Buffer.from('MKD caf\xe9\r\n', 'latin1'));
    expect((await client.reply()).code).toBe(501);
    client.destroy();
  });
});

describe('facts of files', () => {
  it('tells size and time, and sets the time', async () => {
    const { port, root } = await startFixture();
    await writeFile(join(root, 'f'), '12345');
    await mkdir(join(root, 'd'));
    const client = await RawClient.login(port);
    expect((await client.ask('SIZE f')).text).toBe('213 5');
    expect((await client.ask('SIZE d')).code).toBe(550);
    expect((await client.ask('SIZE nothing')).code).toBe(550);
    expect((await client.ask('MFMT 20200102030405 f')).text).toBe('213 Modify=20200102030405; f');
    expect((await stat(join(root, 'f'))).mtime.toISOString()).toBe('2020-01-02T03:04:05.000Z');
    expect((await client.ask('MDTM f')).text).toBe('213 20200102030405');
    expect((await client.ask('MDTM nothing')).code).toBe(550);
    expect((await client.ask('MFMT 20201302030405 f')).code).toBe(501);
    expect((await client.ask('MFMT 20200102030405')).code).toBe(501);
    const facts = await client.ask('MLST f');
    expect(facts.text).toMatch(
      /^250-.*\n type=file;size=5;modify=20200102030405;perm=adfrw;unique=.+; \/f\n250 End$/,
    );
    expect((await client.ask('OPTS MLST size;nonsense;type;')).text).toBe('200 MLST OPTS type;size;');
    expect((await client.ask('MLST f')).text).toContain('\n type=file;size=5; /f\n');
    expect((await client.ask('FEAT')).text).toContain(
      '\n MLST type*;size*;modify;perm;unique;x.milliseconds;\n',
    );
    client.destroy();
  });
});

describe('listings', () => {
  it('lists a folder, a file, nothing', async () => {
    const { port, root } = await startFixture();
    await mkdir(join(root, 'd'));
    await writeFile(join(root, 'd', 'f'), 'x');
    const client = await RawClient.login(port);
    const list = async (command: string) => (await client.retrieve(command)).content.toString();
    expect(await list('LIST')).toMatch(/^drwxr-xr-x .* d\r\n$/);
    expect(await list('LIST -al')).toMatch(/^drwxr-xr-x .* d\r\n$/);
    expect(await list('LIST -a d')).toMatch(/^-rw-r--r-- .* f\r\n$/);
    expect(await list('LIST d/f')).toMatch(/^-rw-r--r-- .* f\r\n$/);
    expect(await list('NLST')).toBe('d\r\n');
    expect(await list('NLST d')).toBe('d/f\r\n');
    expect(await list('NLST /d/')).toBe('/d/f\r\n');
    expect(await list('MLSD d')).toMatch(/^type=file;size=1;.* f\r\n$/);
    for (const command of ['LIST x', 'NLST x', 'MLSD x', 'MLSD d/f', 'LIST -al x']) {
      expect((await client.retrieve(command)).reply.code, command).toBe(550);
    }
    expect((await client.ask('STAT d')).text).toMatch(/^212-.*\n -rw-r--r-- .* f\n212 End$/);
    await client.ask('DELE d/f');
    expect(await list('LIST d')).toBe('');
    expect(await list('NLST d')).toBe('');
    client.destroy();
  });

  it('finding 18: lists 20,000 entries, all of them', async () => {
    const { port, root } = await startFixture();
    const names = Array.from({ length: 20_000 }, (_, index) => `file ${index}`).sort();
    for (const name of names) writeFileSync(join(root, name), '');
    const client = await RawClient.login(port);
    const namesOf = async (command: string, line: RegExp) => {
      const { content, reply } = await client.retrieve(command);
      expect(reply.code).toBe(226);
      const lines = content.toString().trimEnd().split('\r\n');
      return lines.map((each) => line.exec(each)?.[1]).sort();
    };
    expect(await namesOf('NLST', /^(.*)$/)).toEqual(names);
    expect(await namesOf('LIST', /^-.*:\d\d (.*)$/)).toEqual(names);
    expect(await namesOf('MLSD', /; (.*)$/)).toEqual(names);
    client.destroy();
  });
});

describe('other commands', () => {
  it.each([
    ['TYPE A', 200],
    ['TYPE A N', 200],
    ['type i', 200],
    ['TYPE L 8', 200],
    ['TYPE E', 504],
    ['MODE S', 200],
    ['MODE B', 504],
    ['STRU F', 200],
    ['STRU R', 504],
    ['ALLO 100', 202],
    ['OPTS UTF8 ON', 200],
    ['OPTS UTF8 OFF', 504],
    ['OPTS', 501],
    ['PORT 127,0,0,1,4,1', 502],
    ['EPRT |1|127.0.0.1|1025|', 502],
    ['AUTH TLS', 502],
    ['SITE', 504],
    ['SITE CHMOD 644 x', 550],
    ['SITE CHMOD', 501],
    ['SITE UTIME', 501],
    ['SITE NONE', 504],
    ['HELP', 214],
    ['HELP STOR', 214],
    ['HELP SITE', 214],
    ['HELP NONE', 502],
    ['REST', 501],
    ['REST -1', 501],
    ['ABOR', 226],
    ['EPSV 1', 229],
    ['EPSV 2', 522],
    ['LPRT 1', 502],
    ['ACCT x', 202],
    ['SMNT /', 502],
    ['LANG', 200],
    ['LANG en-GB', 200],
    ['LANG ru', 504],
    ['CLNT NcFTP 3.2', 200],
    ['HOST ftp.example.com', 503],
    ['constructor', 500],
    ['GET / HTTP/1.1', 502],
    ['', 500],
    ['RETR x', 425],
    ['STOR x', 425],
    ['LIST', 425],
  ])('%s: %i', async (command, code) => {
    const { port } = await startFixture();
    const client = await RawClient.login(port);
    expect((await client.ask(command)).code).toBe(code);
    expect((await client.ask('NOOP')).code).toBe(200);
    client.destroy();
  });

  it('PASV tells address and port; EPSV ALL forbids it', async () => {
    const { port } = await startFixture();
    const client = await RawClient.login(port);
    expect((await client.ask('PASV')).text).toMatch(/^227 .*\(127,0,0,1,\d+,\d+\)$/);
    expect((await client.ask('EPSV ALL')).code).toBe(200);
    expect((await client.ask('PASV')).code).toBe(503);
    client.destroy();
  });

  it('lists in FEAT what it does', async () => {
    const { port } = await startFixture();
    const client = await RawClient.login(port);
    expect((await client.ask('FEAT')).text.split('\n').slice(1, -1)).toEqual([
      ' AVBL',
      ' CLNT',
      ' EPSV',
      ' HASH SHA-256*;SHA-1;CRC32;',
      ' HOST',
      ' LANG EN*',
      ' MDTM',
      ' MFMT',
      ' MLST type*;size*;modify*;perm*;unique*;x.milliseconds;',
      ' RANG STREAM',
      ' REST STREAM',
      ' SIZE',
      ' TVFS',
      ' UTF8',
      ' X-ATOMIC-STOR',
      ' X-INLINE',
      ' XCRC',
      ' XSHA256',
    ]);
    client.destroy();
  });

  it('passes SITE commands on and gives their lines', async () => {
    const { port } = await startFixture({
      site: new Map([['ECHO', async (argument: string) => [`{"said":"${argument}"}`, '{}']]]),
    });
    const client = await RawClient.login(port);
    expect((await client.ask('SITE echo a  b ')).text).toBe('200-ECHO\n {"said":"a  b "}\n {}\n200 End');
    expect((await client.ask('SITE HELP')).text).toContain('\n SITE ECHO\n SITE EXPECT\n');
    client.destroy();
  });

  it('answers a defect without its text', async () => {
    const { port } = await startFixture({
      site: new Map([['FAIL', () => Promise.reject(new Error('secret /path'))]]),
    });
    const client = await RawClient.login(port);
    const { code, text } = await client.ask('SITE FAIL');
    expect(code).toBe(451);
    expect(text).not.toContain('secret');
    client.destroy();
  });
});

it('serves basic-ftp', async () => {
  const { port, root } = await startFixture();
  const local = join(root, 'local file');
  await writeFile(local, 'content');
  const client = new Client();
  await client.access({ host: '127.0.0.1', port, user: 'u', password: 'p' });
  await client.ensureDir('/a b/ç');
  await client.uploadFrom(local, 'copy');
  await client.appendFrom(local, 'copy');
  expect(await client.size('copy')).toBe(14);
  expect((await client.list('/a b/ç')).map(({ name, size, isFile }) => [name, size, isFile])).toEqual([
    ['copy', 14, true],
  ]);
  await client.rename('copy', 'copy 2');
  await writeFile(join(root, 'back'), 'CONTENT');
  await client.downloadTo(join(root, 'back'), 'copy 2', 7);
  expect(await readFile(join(root, 'back'), 'utf8')).toBe('CONTENTcontent');
  await client.cd('/');
  await client.removeDir('a b');
  expect((await client.list()).map(({ name }) => name).sort()).toEqual(['back', 'local file']);
  client.close();
});
