/**
 * Six storage servers, 4+2: 2 GiB uploaded and downloaded with curl while two servers are killed half way; they come
 * back, and the pool is whole again by itself. `node test/reliability/demonstration.ts [MIB]` prints what happened.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { openSession } from '../integration/ftp-session.ts';
import { startServers, type TestServers } from '../integration/servers.ts';
import { status } from './invariants.ts';
import { longContent } from './long-content.ts';

const bytes = Number(process.argv[2] ?? 2048) * 1024 * 1024;
const upload = [1, 2] as const;
const download = [3, 4] as const;
const started = performance.now();

function say(line: string): void {
  console.log(`${((performance.now() - started) / 1000).toFixed(1).padStart(7)} s  ${line}`);
}

async function curl(servers: TestServers, ...args: string[]): Promise<void> {
  const { account } = servers.configuration.coordinator;
  const child = spawn(
    'curl',
    ['--silent', '--show-error', '--user', `${account.user}:${account.password}`, ...args],
    {
      stdio: 'inherit',
    },
  );
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`curl ended with exit status ${code}`);
}

/** Bytes in a folder, or of a file. */
async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isDirectory()) return found?.size ?? 0;
  const names = await readdir(path).catch(() => []);
  const sizes = await Promise.all(names.map((name) => sizeOf(join(path, name))));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function killHalfWay(
  servers: TestServers,
  numbers: readonly number[],
  moved: () => Promise<number>,
): Promise<void> {
  while ((await moved()) < bytes / 2) await delay(20);
  await Promise.all(numbers.map((number) => servers.kill(`storage ${number}`)));
  say(`storage servers ${numbers.join(' and ')} killed at ${Math.round(((await moved()) / bytes) * 100)} %`);
}

async function bringBack(servers: TestServers, numbers: readonly number[]): Promise<void> {
  await Promise.all(numbers.map((number) => servers.restart(`storage ${number}`)));
  const back = performance.now();
  say(`storage servers ${numbers.join(' and ')} are back`);
  const session = await openSession(servers.configuration.coordinator);
  for (;;) {
    const { repair, down } = await status(session);
    if (repair?.parts === 0 && down === 0) break;
    await delay(100);
  }
  session.close();
  say(`whole again ${((performance.now() - back) / 1000).toFixed(1)} s later`);
}

async function digest(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

const servers = await startServers({
  storageServers: 6,
  settings: { FTP_DATA_PARTS: '4', FTP_PARITY_PARTS: '2' },
});
try {
  const [local, copy] = [join(servers.folder, 'local'), join(servers.folder, 'copy')];
  await pipeline(longContent(bytes), createWriteStream(local));
  const { port } = servers.configuration.coordinator;
  const url = `ftp://127.0.0.1:${port}/file`;
  const survivor = servers.configuration.storageServers[5]?.folder ?? '';

  say(`upload of ${bytes / 1024 / 1024} MiB begins`);
  await Promise.all([
    curl(servers, '--upload-file', local, url),
    killHalfWay(servers, upload, async () => (await sizeOf(survivor)) * 4),
  ]);
  say('uploaded');
  await bringBack(servers, upload);

  say('download begins');
  await Promise.all([
    curl(servers, '--output', copy, url),
    killHalfWay(servers, download, () => sizeOf(copy)),
  ]);
  say('downloaded');
  if ((await digest(local)) !== (await digest(copy))) throw new Error('the copy is another file');
  say('the copy is the same, byte for byte');
  await rm(copy);
  await bringBack(servers, download);
} finally {
  await servers.stop();
}
