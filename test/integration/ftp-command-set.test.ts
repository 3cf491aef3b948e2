import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RawClient, readAll } from './ftp-raw-client.ts';
import { replacing } from './ftp-replaced-folder.ts';
import { startFixture } from './ftp-server-fixture.ts';

describe('times', () => {
  it('are set by MDTM with a time, as FileZilla does', async () => {
    const { port, root } = await startFixture();
    await writeFile(join(root, 'a b'), '');
    await mkdir(join(root, 'd'));
    const client = await RawClient.login(port);
    for (const [command, name] of [
      ['MDTM 20200102030405 a b', 'a b'],
      ['MDTM 20200102030405.000 a b', 'a b'],
      ['MDTM 20200102030405 /d', 'd'],
    ] as const) {
      expect((await client.ask(command)).code, command).toBe(213);
      expect((await stat(join(root, name))).mtime.toISOString(), command).toBe('2020-01-02T03:04:05.000Z');
      expect((await client.ask(`MDTM ${name}`)).text).toBe('213 20200102030405');
    }
    expect((await client.ask('MDTM 20200102030405 nothing')).code).toBe(550);
    expect((await client.ask('MDTM 20201302030405 a b')).code).toBe(501);
    client.destroy();
  });

  it('are asked for where a file is called like a time and a name', async () => {
    const { port, root } = await startFixture();
    await writeFile(join(root, '20200102030405 f'), '');
    await writeFile(join(root, 'f'), '');
    const client = await RawClient.login(port);
    const before = (await stat(join(root, 'f'))).mtimeMs;
    const { text } = await client.ask('MDTM 20200102030405 f');
    expect(text).toMatch(/^213 20[2-9]\d{11}$/);
    expect(text).not.toBe('213 20200102030405');
    expect((await stat(join(root, 'f'))).mtimeMs).toBe(before);
    client.destroy();
  });

  it.each([
    ['SITE UTIME 20200102030405 a b', '2020-01-02T03:04:05.000Z'],
    ['SITE UTIME 202001020304 a b', '2020-01-02T03:04:00.000Z'],
    ['SITE UTIME a b 20210102030405 20200102030405 20210102030405 UTC', '2020-01-02T03:04:05.000Z'],
    ['site utime /a b 20210102030405 20200102030405 20210102030405 utc', '2020-01-02T03:04:05.000Z'],
  ])('are set by %s', async (command, time) => {
    const { port, root } = await startFixture();
    await writeFile(join(root, 'a b'), '');
    const client = await RawClient.login(port);
    expect((await client.ask(command)).code).toBe(200);
    expect((await stat(join(root, 'a b'))).mtime.toISOString()).toBe(time);
    client.destroy();
  });

  it.each([
    ['SITE UTIME', 501],
    ['SITE UTIME a', 501],
    ['SITE UTIME 20200102 a', 501],
    ['SITE UTIME 20201302030405 a', 501],
    ['SITE UTIME 20200102030405 nothing', 550],
    ['MFMT 20200230000000 a', 501],
    ['MFMT 99999999999999 a', 501],
    ['MFMT 20200102030405 nothing', 550],
    ['MFMT a', 501],
    ['MFMT', 501],
    ['MDTM', 213],
    ['MDTM /', 213],
  ])('%s: %i', async (command, code) => {
    const { port, root } = await startFixture();
    await writeFile(join(root, 'a'), '');
    const client = await RawClient.login(port);
    expect((await client.ask(command)).code).toBe(code);
    client.destroy();
  });
});

describe('STOU', () => {
  it('stores under a name of its own, which it tells', async () => {
    const { port, root } = await startFixture();
    await mkdir(join(root, 'd'));
    await writeFile(join(root, 'f'), 'old');
    const client = await RawClient.login(port);
    const names: string[] = [];
    for (const command of ['STOU', 'STOU f', 'STOU f', 'STOU d/x']) {
      const data = await client.data();
      client.send(`${command}\r\n`);
      const [, name = ''] = /^150 FILE: (.+)$/.exec((await client.reply()).text) ?? [];
      names.push(name);
      data.end(command);
      const { text } = await client.reply();
      expect(text).toMatch(/^226 /);
      expect(text.endsWith(`(unique file name: ${name})`)).toBe(true);
      expect(await readFile(join(root, name), 'utf8')).toBe(command);
    }
    expect(new Set(names).size).toBe(4);
    expect(names[1]).toMatch(/^f\./);
    expect(names[3]).toMatch(/^d\/x\./);
    expect(await readFile(join(root, 'f'), 'utf8')).toBe('old');
    client.destroy();
  });

  it('is refused where nothing can be stored', async () => {
    const { port } = await startFixture();
    const client = await RawClient.login(port);
    expect((await client.store('STOU nothing/x', '')).code).toBe(550);
    expect((await client.store('STOU a\tb', '')).code).toBe(553);
    const data = await client.data();
    await client.ask('REST 5');
    expect((await client.ask('STOU x')).code).toBe(554);
    data.destroy();
    client.destroy();
  });
});

describe('AVBL', () => {
  it('tells the space that is left, where anybody knows', async () => {
    const { port, root } = await startFixture();
    await writeFile(join(root, 'f'), '');
    const client = await RawClient.login(port);
    expect((await client.ask('AVBL')).text).toMatch(/^213 [1-9]\d{5,}$/);
    expect((await client.ask('AVBL /')).code).toBe(213);
    expect((await client.ask('AVBL nothing')).code).toBe(550);
    expect((await client.ask('AVBL f')).code).toBe(550);
    client.destroy();

    const unknown = await startFixture({ wrap: replacing(() => ({})) });
    const other = await RawClient.login(unknown.port);
    expect((await other.ask('AVBL')).code).toBe(504);
    other.destroy();
  });
});

describe('SITE CHMOD', () => {
  it('is accepted, and changes nothing', async () => {
    const { port, root } = await startFixture();
    await writeFile(join(root, 'a b'), '', { mode: 0o600 });
    const client = await RawClient.login(port);
    expect((await client.ask('SITE CHMOD 644 a b')).code).toBe(200);
    expect((await client.ask('SITE CHMOD 0755 /')).code).toBe(200);
    expect((await stat(join(root, 'a b'))).mode & 0o777).toBe(0o600);
    expect((await client.ask('SITE CHMOD 644 nothing')).code).toBe(550);
    for (const argument of ['', '644', '888 a b', 'u+x a b', '7777777 a b']) {
      expect((await client.ask(`SITE CHMOD ${argument}`)).code, argument).toBe(501);
    }
    client.destroy();
  });
});

describe('before and after login', () => {
  it('CLNT, LANG and HOST come first, HOST before USER only', async () => {
    const { port } = await startFixture();
    const client = await RawClient.connect(port);
    expect((await client.ask('CLNT FileZilla')).code).toBe(200);
    expect((await client.ask('LANG en')).code).toBe(200);
    expect((await client.ask('HOST ftp.example.com')).code).toBe(220);
    expect((await client.ask('HOST 192.0.2.1')).code).toBe(220);
    expect((await client.ask('HOST [::1]')).code).toBe(220);
    expect((await client.ask('HOST')).code).toBe(501);
    expect((await client.ask('HOST a b')).code).toBe(501);
    await client.ask('USER u');
    expect((await client.ask('HOST ftp.example.com')).code).toBe(503);
    await client.ask('PASS p');
    expect((await client.ask('HOST ftp.example.com')).code).toBe(503);
    client.destroy();
  });

  it('REIN begins anew, with the login', async () => {
    const { port, root } = await startFixture();
    await mkdir(join(root, 'd'));
    const client = await RawClient.login(port);
    await client.ask('CWD d');
    await client.ask('OPTS MLST size;');
    await client.ask('OPTS HASH CRC32');
    await client.ask('EPSV ALL');
    await client.ask('SITE EXPECT 5');
    const dataPort = await client.passivePort();
    expect((await client.ask('REIN')).code).toBe(220);
    for (const command of ['PWD', 'LIST', 'RNTO x']) expect((await client.ask(command)).code).toBe(530);
    expect((await client.ask('PASS p')).code).toBe(503);
    await client.ask('USER u');
    expect((await client.ask('PASS p')).code).toBe(230);
    expect((await client.ask('PWD')).text).toBe('257 "/" is the current folder.');
    expect((await client.ask('OPTS HASH')).text).toBe('200 SHA-256');
    expect((await client.ask('FEAT')).text).toContain(
      ' MLST type*;size*;modify*;perm*;unique*;x.milliseconds;\n',
    );
    expect((await client.ask('LIST')).code, `data port ${dataPort}`).toBe(425);
    expect((await client.ask('PASV')).code).toBe(227);
    expect((await client.store('STOR f', '123')).code).toBe(226);
    client.destroy();
  });

  it('REIN gives nobody more time to log in, and who was logged in only as much as anybody', async () => {
    const { port } = await startFixture({ limits: { loginMs: 300 } });
    const client = await RawClient.connect(port);
    const asking = setInterval(() => client.send('REIN\r\n'), 50);
    let reply = await client.reply();
    while (reply.code === 220) reply = await client.reply();
    clearInterval(asking);
    expect(reply.code).toBe(421);
    const other = await RawClient.login(port);
    expect((await other.ask('REIN')).code).toBe(220);
    expect((await other.reply()).code).toBe(421);
    await other.closed();
  });

  it('REIN does not forget wrong logins', async () => {
    const { port } = await startFixture();
    const client = await RawClient.connect(port);
    const codes: number[] = [];
    for (let attempt = 0; attempt < 3; attempt++) {
      await client.ask('USER u');
      codes.push((await client.ask('PASS wrong')).code);
      if (attempt < 2) await client.ask('REIN');
    }
    expect(codes).toEqual([530, 530, 421]);
    await client.closed();
  });

  it('the commands of files need a login, in every name they have', async () => {
    const { port } = await startFixture();
    const client = await RawClient.connect(port);
    for (const verb of 'ACCT AVBL EPRT HASH MLSD MLST RANG STOU XCRC XCUP XCWD XMKD XPWD XRMD XSHA256'.split(
      ' ',
    )) {
      expect((await client.ask(`${verb} x`)).code, verb).toBe(530);
    }
    client.destroy();
  });
});

describe('listings', () => {
  it('of patterns', async () => {
    const { port, root } = await startFixture();
    for (const folder of ['d', 'd/sub', 'e']) await mkdir(join(root, folder));
    for (const file of ['a.txt', 'b.txt', '.c.txt', 'd/x.txt', 'd/sub/y.txt', 'e/z.txt']) {
      await writeFile(join(root, file), '');
    }
    const client = await RawClient.login(port);
    const names = async (command: string) =>
      (await client.retrieve(command)).content.toString().split('\r\n').slice(0, -1);
    expect(await names('NLST *.txt')).toEqual(['a.txt', 'b.txt']);
    expect(await names('NLST .*.txt')).toEqual(['.c.txt']);
    expect(await names('NLST /?/*.txt')).toEqual(['/d/x.txt', '/e/z.txt']);
    expect(await names('NLST -a [ab].txt')).toEqual(['a.txt', 'b.txt']);
    await client.ask('CWD d');
    expect(await names('NLST *')).toEqual(['sub', 'x.txt']);
    expect(await names('NLST ../*.txt')).toEqual(['/a.txt', '/b.txt']);
    expect(await names('NLST s*/y*')).toEqual(['sub/y.txt']);
    expect((await names('LIST x*')).map((line) => line.slice(-6))).toEqual([' x.txt']);
    expect((await client.ask('STAT x*')).text).toMatch(/^212-.*\n -rw.* x\.txt\n212 End$/);
    for (const command of ['NLST *.none', 'LIST none/*', 'NLST x.txt/*']) {
      const { reply } = await client.retrieve(command);
      expect(reply.code, command).toBe(550);
    }
    expect((await names('MLSD s*')).map((line) => line.split('; ')[1])).toEqual(['sub']);
    for (const command of ['MLSD *.none', 'MLSD */*']) {
      expect((await client.retrieve(command)).reply.code, command).toBe(550);
    }
    // A pattern is for listings alone.
    for (const command of ['RETR *.txt', 'DELE *', 'MLST *', 'SIZE x*', 'CWD s*', 'RNFR *']) {
      const reply = command.startsWith('R')
        ? (await client.retrieve(command)).reply
        : await client.ask(command);
      expect(reply.code, command).toBeGreaterThanOrEqual(425);
    }
    client.destroy();
  });

  it('of a file or folder that has the pattern for a name', async () => {
    const { port, root } = await startFixture();
    await mkdir(join(root, '[d]*'));
    for (const file of ['*', '[d]*/in', 'd', 'x']) await writeFile(join(root, file), '');
    const client = await RawClient.login(port);
    const list = async (command: string) => (await client.retrieve(command)).content.toString();
    expect(await list('NLST *')).toBe('*\r\n');
    expect(await list('LIST *')).toMatch(/^\S+ .* \*\r\n$/);
    expect(await list('NLST [d]*')).toBe('[d]*/in\r\n');
    expect(await list('NLST [dx]')).toBe('d\r\nx\r\n');
    expect((await client.ask('DELE *')).code).toBe(250);
    expect((await readdir(root)).sort()).toEqual(['.splitftp-uploads', '[d]*', 'd', 'x']);
    client.destroy();
  });

  it('with the flags of ls', async () => {
    const { port, root } = await startFixture();
    for (const folder of ['d', '-x', '-foo']) await mkdir(join(root, folder));
    await writeFile(join(root, '-x', 'in x'), '');
    await writeFile(join(root, '-foo', 'in foo'), '');
    await writeFile(join(root, 'd', '.hidden'), '');
    const client = await RawClient.login(port);
    const list = async (command: string) => (await client.retrieve(command)).content.toString();
    for (const flags of ['-a', '-al', '-la', '-lR', '-a -l', '-A', '-1']) {
      expect(await list(`LIST ${flags} d`), flags).toMatch(/^-rw.* \.hidden\r\n$/);
      expect(await list(`LIST ${flags}`), flags).toMatch(/ -foo\r\n.* -x\r\n.* d\r\n$/);
    }
    expect(await list('LIST -d')).toMatch(/^drwx.* \.\r\n$/);
    expect(await list('LIST -ld d')).toMatch(/^drwx.* d\r\n$/);
    expect(await list('NLST -d d')).toBe('d\r\n');
    // Names that begin with a dash: what cannot be flags, or comes after the end of the flags.
    expect(await list('NLST -foo')).toBe('-foo/in foo\r\n');
    expect(await list('NLST -x')).toBe('-x/in x\r\n');
    expect(await list('NLST -a -- -x')).toBe('-x/in x\r\n');
    expect(await list('NLST ./-x')).toBe('./-x/in x\r\n');
    expect(await list('MLSD -x')).toMatch(/; in x\r\n$/);
    client.destroy();
  });

  it('are sorted by name, and empty for nothing', async () => {
    const { port, root } = await startFixture();
    const client = await RawClient.login(port);
    for (const command of ['LIST', 'NLST', 'MLSD']) {
      const { reply, content } = await client.retrieve(command);
      expect([reply.code, content.length], command).toEqual([226, 0]);
    }
    for (const name of ['b', 'a', 'c', 'B']) await writeFile(join(root, name), '');
    expect((await client.retrieve('NLST')).content.toString()).toBe('B\r\na\r\nb\r\nc\r\n');
    client.destroy();
  });

  it('tell what may be done with each', async () => {
    const { port, root } = await startFixture();
    await writeFile(join(root, 'f'), '');
    await mkdir(join(root, 'd'));
    const client = await RawClient.login(port);
    const perm = async (path: string) => /perm=([a-z]*);/.exec((await client.ask(`MLST ${path}`)).text)?.[1];
    expect([await perm('f'), await perm('d'), await perm('/'), await perm('')]).toEqual([
      'adfrw',
      'cdeflmp',
      'celmp',
      'celmp',
    ]);
    client.destroy();

    const readOnly = await startFixture({ wrap: replacing(() => ({ readOnly: true })) });
    await writeFile(join(readOnly.root, 'f'), '');
    const reader = await RawClient.login(readOnly.port);
    const data = await reader.data();
    reader.send('MLSD\r\n');
    expect((await readAll(data)).toString()).toContain(';perm=r;');
    await reader.codes(2);
    expect((await reader.ask('MLST /')).text).toContain(';perm=el;');
    expect((await reader.ask('SITE CHMOD 644 f')).code).toBe(550);
    expect((await reader.ask('AVBL')).text).toBe('213 0');
    reader.destroy();
  });
});
