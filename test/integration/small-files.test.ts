/** Small files between coordinator and storage servers. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { finished } from 'node:stream/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { StorageServerConfiguration } from '../../src/config/configuration.ts';
import { StorageServer } from '../../src/coordinator/pool/storage-server.ts';
import type { FileSystem } from '../../src/ftp/file-system.ts';
import { createLog } from '../../src/log/log.ts';
import { startPool } from './pool-fixture.ts';

async function upload(files: FileSystem, path: string, content: Buffer): Promise<void> {
  const begun = await files.write(path, 'replace', new AbortController().signal);
  begun.stream.end(content);
  await finished(begun.stream);
  await begun.commit();
}

/** Data connections that were made. */
function dataConnections(lines: readonly string[]): number {
  return lines.filter((line) => /"verb":"(EPSV|PASV)"/.test(line)).length;
}

test('no data connection is needed for a small file, and one for each part of a larger one', async () => {
  const lines: string[] = [];
  const log = createLog('test', 'debug', { write: (line) => lines.push(line) });
  const { files } = await startPool({ storageServers: 3, layout: { dataParts: 2, parityParts: 1 }, log });
  for (const bytes of [1, 2, 4096, 10_000]) {
    const content = Buffer.from(Array.from({ length: bytes }, (_, at) => (at * 31) % 256));
    await upload(files, '/f', content);
    expect(await buffer(await files.read('/f', 0))).toEqual(content);
    expect(await buffer(await files.read('/f', 1))).toEqual(content.subarray(1));
  }
  expect(dataConnections(lines)).toBe(0);
  const large = Buffer.alloc(100_000, 'large');
  await upload(files, '/f', large);
  expect(dataConnections(lines)).toBe(3);
  expect(await buffer(await files.read('/f', 0))).toEqual(large);
  expect(dataConnections(lines)).toBe(5);
});

test('a small file is stored without a storage server that has it and forgets it', async () => {
  const { files, storage, catalogue } = await startPool({
    storageServers: 3,
    layout: { dataParts: 2, parityParts: 1 },
  });
  const [first] = storage;
  if (first) first.fault = 'write-is-forgotten';
  await upload(files, '/f', Buffer.from('small'));
  const [segment] = (await catalogue.openFile('/f')).segments;
  expect(segment?.parts.map(({ stored }) => stored)).toEqual([false, true, true]);
  expect(await buffer(await files.read('/f', 0))).toEqual(Buffer.from('small'));
});

test('an answer that the network cuts anywhere is the same answer', async () => {
  const content = Buffer.from('200 lines of text\r\n'.repeat(50));
  const server = createServer((socket) => {
    const sayInPieces = async (text: string) => {
      for (const character of text) {
        socket.write(character);
        await new Promise((next) => setImmediate(next));
      }
    };
    socket.setNoDelay(true).on('error', () => undefined);
    socket.write('220 Test\r\n');
    socket.on('data', (bytes) => {
      const [verb = '', argument = ''] = bytes.toString().trim().split(' ');
      const answers: Record<string, string> = {
        USER: '230 In\r\n',
        PWD: '257 "/"\r\n',
        FEAT: '211-Features:\r\n X-ATOMIC-STOR\r\n X-INLINE\r\n SIZE\r\n211 End\r\n',
      };
      if (argument === 'PUT') void sayInPieces('250 3 bytes are stored.\r\n');
      else if (argument === 'GET')
        void sayInPieces(`200-${content.length} bytes\r\n ${content.toString('base64')}\r\n200 End\r\n`);
      else socket.write(answers[verb] ?? '200 Done\r\n');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (!address || typeof address === 'string') throw new Error('no port');
  const configuration: StorageServerConfiguration = {
    number: 1,
    host: '127.0.0.1',
    port: address.port,
    account: { user: 'u', password: 'p' },
    folder: '',
    tls: { mode: 'off', waived: false },
  };
  const storage = new StorageServer(configuration, 'pool', createLog('test', 'silent'));
  onTestFinished(() => {
    storage.close();
    server.close();
  });
  await storage.use(async (connection) => {
    expect(await connection.get('pool/x')).toEqual({ size: content.length, content });
    await connection.put(Buffer.from('abc'), 'pool/x');
    await expect(connection.put(Buffer.from('four'), 'pool/x')).rejects.toThrow('it kept 3 of 4 bytes');
  });
});
