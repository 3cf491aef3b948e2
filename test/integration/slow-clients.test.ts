/** Clients that hardly move a byte keep no connection to a storage server that somebody else waits for. */
import type { Socket } from 'node:net';
import { expect, test, vi } from 'vitest';
import { content, firstDifference } from './content.ts';
import { RawClient, readAll } from './ftp-raw-client.ts';
import { startPool } from './pool-fixture.ts';

/** More than what all buffers on its way hold. */
const big = content(40_000_000, 1);
interface SlowTransfer {
  readonly client: RawClient;
  readonly data: Socket;
  readonly ended: () => boolean;
}

async function start(port: number, command: string): Promise<SlowTransfer> {
  const client = await RawClient.login(port);
  const data = await client.data();
  data.pause();
  let ended = false;
  data.once('close', () => {
    ended = true;
  });
  expect((await client.ask(command)).code).toBe(150);
  return { client, data, ended: () => ended };
}

async function transferWhole(port: number, path: string, bytes: Buffer): Promise<void> {
  const client = await RawClient.login(port);
  expect((await client.store(`STOR ${path}`, bytes)).code).toBe(226);
  const { reply, content: found } = await client.retrieve(`RETR ${path}`);
  expect(reply.code).toBe(226);
  expect(firstDifference(found, bytes)).toBeUndefined();
  client.destroy();
}

test.each([
  // Of slow downloads, and again of slow uploads: more than the connections to one storage server.
  { crowd: 60, storageServers: 2 },
  { crowd: 6, storageServers: 3, connections: 2 },
])('a crowd of slow downloads and uploads holds up nobody, and each of them still comes to its end: %o', async ({
  crowd,
  ...options
}) => {
  const { port } = await startPool(options);
  await transferWhole(port, '/big', big);
  const upload = content(3_000_000, 2);
  const downloads: SlowTransfer[] = [];
  const uploads: SlowTransfer[] = [];
  let sent = 1_000_000;
  // The later ones of them wait for the connections of the earlier ones themselves.
  const crowding = (async () => {
    for (let index = 0; index < crowd; index++) {
      downloads.push(await start(port, 'RETR /big'));
      const slow = await start(port, `STOR /slow${index}`);
      slow.data.write(upload.subarray(0, sent));
      uploads.push(slow);
    }
  })();
  const read: Buffer[][] = Array.from({ length: crowd }, () => []);
  const everySecond = setInterval(() => {
    for (const [index, { data }] of downloads.entries()) {
      const byte: unknown = data.read(1);
      if (byte instanceof Buffer) read[index]?.push(byte);
    }
    for (const { data } of uploads) if (uploads.length === crowd) data.write(upload.subarray(sent, sent + 1));
    if (uploads.length === crowd) sent += 1;
  }, 1_000);
  try {
    await crowding;
    const files = Array.from({ length: 12 }, (_, index) => content(2_000_000 + index, index + 10));
    await Promise.all(files.map((bytes, index) => transferWhole(port, `/normal${index}`, bytes)));
    expect([...downloads, ...uploads].filter(({ ended }) => ended())).toEqual([]);
  } finally {
    clearInterval(everySecond);
  }

  // In the end they are as whole as if nothing had been taken from them.
  for (const { data } of uploads) data.end(upload.subarray(sent));
  for (const { client } of uploads) expect((await client.reply()).code).toBe(226);
  for (const index of [0, crowd - 1]) {
    const client = await RawClient.login(port);
    const { content: stored } = await client.retrieve(`RETR /slow${index}`);
    expect(firstDifference(stored, upload)).toBeUndefined();
    client.destroy();
  }
  for (const [index, { client, data }] of downloads.entries()) {
    if (index % 20 === 0) {
      const whole = Buffer.concat([...(read[index] ?? []), await readAll(data)]);
      expect(firstDifference(whole, big)).toBeUndefined();
      expect((await client.reply()).code).toBe(226);
    }
    client.destroy();
    data.destroy();
  }
  for (const { client } of uploads) client.destroy();
}, 180_000);

test('an upload that pauses while nobody waits stays one segment', async () => {
  const { port, catalogue } = await startPool();
  const { client, data } = await start(port, 'STOR /file');
  const bytes = content(1_500_000, 3);
  data.write(bytes.subarray(0, 1_000_000));
  await vi.waitFor(async () => expect((await client.ask('STAT')).text).toContain('1000000 bytes'));
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  data.end(bytes.subarray(1_000_000));
  expect((await client.reply()).code).toBe(226);
  client.destroy();
  expect((await catalogue.openFile('/file')).segments).toHaveLength(1);
});
