/** Hundreds of connections at once to real servers, some of them as slow as can be. */
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { content, firstDifference } from './content.ts';
import { RawClient, readAll } from './ftp-raw-client.ts';
import { startServers, type TestServers } from './servers.ts';

const connections = 350;
const transfers = 160;

let servers: TestServers;
beforeAll(async () => {
  servers = await startServers({
    settings: { FTP_MAX_CONNECTIONS: String(connections), FTP_MAX_TRANSFERS: String(transfers) },
  });
});
afterAll(() => servers.stop());

const port = () => servers.configuration.coordinator.port;

async function logIn(count: number): Promise<RawClient[]> {
  return Promise.all(Array.from({ length: count }, () => RawClient.login(port(), 'user', 'password')));
}

interface Slow {
  readonly client: RawClient;
  readonly data: Socket;
}

async function begin(client: RawClient, command: string): Promise<Slow> {
  const data = await client.data();
  data.pause();
  expect((await client.ask(command)).code).toBe(150);
  return { client, data };
}

/** What a connection is told for which there is no place. */
async function refusal(): Promise<string> {
  return (await readAll(connect({ host: '127.0.0.1', port: port() }))).toString();
}

const fileBytes = (index: number) => 200_000 + index;
const file = (index: number) => content(fileBytes(index), index);

/** Uploads or downloads the file of this number, whole. */
async function transfer(client: RawClient, index: number, direction: 'up' | 'down'): Promise<void> {
  if (direction === 'up') {
    expect((await client.store(`STOR /f${index}`, file(index))).code).toBe(226);
    return;
  }
  const { reply, content: found } = await client.retrieve(`RETR /f${index}`);
  expect(reply.code).toBe(226);
  expect(firstDifference(found, file(index))).toBeUndefined();
}

test('300 connections, 100 transfers at once while 50 slow ones go on, and a polite word at each cap', async () => {
  const clients = await logIn(300);
  const crowd = clients.slice(0, 50);
  const quick = clients.slice(50, 150);
  const idle = clients.slice(150);

  const big = content(24_000_000, 1);
  const [first] = crowd;
  expect((await first?.store('STOR /big', big))?.code).toBe(226);
  const downloads = await Promise.all(crowd.slice(0, 25).map((client) => begin(client, 'RETR /big')));
  const uploads = await Promise.all(
    crowd.slice(25).map((client, index) => begin(client, `STOR /slow${index}`)),
  );
  const read: Buffer[][] = downloads.map(() => []);
  let sent = 0;
  const everySecond = setInterval(() => {
    for (const [index, { data }] of downloads.entries()) {
      const byte: unknown = data.read(1);
      if (byte instanceof Buffer) read[index]?.push(byte);
    }
    for (const { data } of uploads) data.write(big.subarray(sent, sent + 1));
    sent++;
  }, 1000);

  try {
    await Promise.all(quick.map((client, index) => transfer(client, index, 'up')));
    // Half go up and half come down.
    await Promise.all(
      quick.map((client, index) =>
        index % 2 === 0 ? transfer(client, index, 'down') : transfer(client, index + 1000, 'up'),
      ),
    );
    for (const client of idle) expect((await client.ask('NOOP')).code).toBe(200);

    // 50 are slow; so many may join them.
    const more = await Promise.all(
      idle.slice(0, transfers - 50).map((client, index) => begin(client, `STOR /more${index}`)),
    );
    for (const client of quick.slice(0, 5)) {
      expect(await client.store('STOR /none', 'x')).toMatchObject({
        code: 451,
        text: '451 Too many transfers are running: try again later.',
      });
      expect((await client.retrieve('NLST /')).reply.code).toBe(226);
    }
    for (const { data } of more) data.end('x');
    for (const { client } of more) expect((await client.reply()).code).toBe(226);

    const last = await logIn(connections - clients.length);
    for (let count = 0; count < 20; count++) {
      expect(await refusal()).toBe('421 Too many connections: try again later.\r\n');
    }
    for (const client of last) expect((await client.ask('QUIT')).code).toBe(221);
    for (const client of last) await client.closed();
    const [another] = await logIn(1);
    another?.destroy();
  } finally {
    clearInterval(everySecond);
  }

  for (const { data } of uploads) data.end(big.subarray(sent, 1000));
  for (const { client } of uploads) expect((await client.reply()).code).toBe(226);
  for (const [index] of uploads.entries()) {
    const found = await quick[index]?.retrieve(`RETR /slow${index}`);
    expect(firstDifference(found?.content ?? Buffer.alloc(0), big.subarray(0, 1000))).toBeUndefined();
  }
  for (const [index, { client, data }] of downloads.entries()) {
    const found = Buffer.concat([...(read[index] ?? []), await readAll(data)]);
    expect(firstDifference(found, big)).toBeUndefined();
    expect((await client.reply()).code).toBe(226);
  }
  for (const client of clients) client.destroy();
}, 300_000);
