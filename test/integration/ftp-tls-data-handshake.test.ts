/** When the TLS of a data connection begins, and what the server says in it, as clients need it. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { readAll } from './ftp-raw-client.ts';
import { startFixture } from './ftp-server-fixture.ts';
import { TlsClient } from './ftp-tls-client.ts';

const content = Buffer.alloc(2_000_000, 'over TLS ');

const start = () => startFixture({ tls: { required: true } });

it('a client may have the handshake before it asks for the transfer, as aioftp does', async () => {
  const { port, root } = await start();
  const client = await TlsClient.login(port);
  for (const bytes of [content, Buffer.alloc(0)]) {
    const upload = await client.secure(await client.raw.data());
    upload.resume();
    expect((await client.ask('STOR f')).code).toBe(150);
    upload.end(bytes);
    expect((await client.reply()).code).toBe(226);
    expect((await readFile(join(root, 'f'))).equals(bytes)).toBe(true);

    const download = await client.secure(await client.raw.data());
    expect((await client.ask('RETR f')).code).toBe(150);
    expect((await readAll(download)).equals(bytes)).toBe(true);
    expect((await client.reply()).code).toBe(226);
  }
  client.destroy();
});

it('a handshake with nothing behind it makes way for the next data connection', async () => {
  const { port, root } = await start();
  const client = await TlsClient.login(port);
  await writeFile(join(root, 'f'), content);
  const unused = await client.secure(await client.raw.data());
  const closed = new Promise((resolve) => unused.once('close', resolve));
  expect((await client.retrieve('RETR f')).content.equals(content)).toBe(true);
  await closed;
  client.destroy();
});

it('whoever has had the handshake cannot have plain text then', async () => {
  const { port } = await startFixture({ tls: { required: false } });
  const client = await TlsClient.login(port);
  const data = await client.secure(await client.raw.data());
  await client.ask('PROT C');
  await client.ask('STOR f');
  data.end('content');
  expect((await client.reply()).code).toBe(426);
  client.destroy();
});

it('the server sends nothing while a client sends: one that never reads would reset its upload', async () => {
  const { port, root } = await start();
  const client = await TlsClient.login(port, { minVersion: 'TLSv1.3' });
  const data = await client.raw.data();
  await client.ask('STOR f');
  // Not a resumed session, which would get no tickets anyway.
  const upload = await client.secure(data, { session: undefined });
  upload.resume();
  const handshakeBytes = data.bytesRead;
  upload.write(content);
  await vi.waitFor(async () => {
    const { text } = await client.ask('STAT');
    expect(text).toContain(String(content.length));
  });
  expect(data.bytesRead).toBe(handshakeBytes);
  upload.end();
  expect((await client.reply()).code).toBe(226);
  expect((await readFile(join(root, 'f'))).equals(content)).toBe(true);
  client.destroy();
});
