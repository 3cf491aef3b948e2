import { vi } from 'vitest';
import { RawClient } from '../../integration/ftp-raw-client.ts';
import type { Door } from './client.ts';

/** Begins to upload a file and is gone, as a client that is killed; waits until the server keeps what has come. */
export async function cutUpload({ port, user, password }: Door, path: string, bytes: Buffer): Promise<void> {
  const client = await RawClient.login(port, user, password);
  const data = await client.data();
  client.send(`STOR ${path}\r\n`);
  await client.reply();
  data.write(bytes);
  // A reset would take away what is still on its way.
  await vi.waitFor(
    async () => {
      const { text } = await client.ask('STAT');
      if (!text.includes(String(bytes.length))) throw new Error(text);
    },
    { timeout: 30_000, interval: 20 },
  );
  client.destroy();
  data.resetAndDestroy();
  const asking = await RawClient.login(port, user, password);
  try {
    await vi.waitFor(
      async () => {
        const { text } = await asking.ask(`SIZE ${path}`);
        if (!text.startsWith('213 ')) throw new Error(text);
      },
      { timeout: 30_000, interval: 50 },
    );
  } finally {
    asking.destroy();
  }
}
