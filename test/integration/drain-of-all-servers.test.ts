/** A pool whose layout has as many parts as there are storage servers lets one of them go all the same. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { RunningCommand } from './command.ts';
import { content } from './content.ts';
import { startServers } from './servers.ts';

const timeout = 300_000;

test('drained, new files have fewer data parts, and a conversion takes the old ones off it', {
  timeout,
}, async () => {
  const servers = await startServers({ storageServers: 4, settings: { FTP_UPKEEP_RATE: '1000' } });
  try {
    const client = servers.client();
    const state = async (number: number) =>
      (await client.status()).find((one) => one.kind === 'storage server' && one.number === number);
    const layout = async () => (await client.status()).find((one) => one.kind === 'coordinator');
    const local = join(servers.folder, 'file');
    await writeFile(local, content(500_000, 1));
    await client.uploadFile(local, '/before');
    expect(await client.where('/before')).toHaveLength(4);
    expect(await layout()).toMatchObject({ layout: '3+1' });

    await client.drain(2);
    expect(await layout()).toMatchObject({ layout: '2+1' });
    await client.uploadFile(local, '/during');
    const during = await client.where('/during');
    expect(during.map(({ number }) => number).toSorted()).toEqual([1, 3, 4]);
    expect(await state(2)).toMatchObject({ state: 'draining', parts: 1 });
    const remedy = /no other storage server .*splitftp convert/;
    await vi.waitFor(
      async () => expect(await state(2)).toMatchObject({ reason: expect.stringMatching(remedy) }),
      { timeout },
    );
    const waiting = new RunningCommand(['drain', '--wait', '2', '--env', servers.envFile], servers.folder);
    await vi.waitFor(() => expect(waiting.output).toMatch(remedy), { timeout });

    const { id } = await client.beginConversion('/');
    await vi.waitFor(
      async () =>
        expect(await client.conversion(id)).toMatchObject({ state: 'done', converted: 1, failed: 0 }),
      { timeout },
    );
    await vi.waitFor(async () => expect(await state(2)).toMatchObject({ state: 'drained', parts: 0 }), {
      timeout,
    });
    expect(await waiting.ended).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^storage server 2: drained: .*delete FTP_USER2/),
    });
    for (const path of ['/before', '/during'])
      expect((await client.read(path)).equals(content(500_000, 1))).toBe(true);

    await client.drain(2, { undo: true });
    expect(await layout()).toMatchObject({ layout: '3+1' });
    await client.uploadFile(local, '/after');
    expect(await client.where('/after')).toHaveLength(4);
  } finally {
    await servers.stop();
  }
});
