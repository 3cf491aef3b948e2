/** What every client does with the coordinator; each step is checked by the split client. */
import { mkdir, mkdtemp, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFailed, test } from 'vitest';
import type { SplitClient } from '../../src/client/split-client.ts';
import type { TransferResult } from '../../src/client/transfer.ts';
import { content, firstDifference } from '../integration/content.ts';
import type { TestServers } from '../integration/servers.ts';
import { isPresent } from '../tools.ts';
import { clients } from './clients/all.ts';
import { type Door, type FtpClient, type Operation, operations, type Security } from './clients/client.ts';
import { cutUpload } from './clients/cut-upload.ts';
import { openDoor, startDoors } from './doors.ts';
import { oddNames } from './odd-names.ts';

const sizes = [0, 1, 1_500_000];

/** What fails now and then with TLS: whatever depends on which of two packets comes first. */
const repetitions = 25;

/** For hundreds of runs of a program on a machine that is busy with other tests. */
const patience = 300_000;

/** Tests of all clients that can speak so; the servers are started once. */
export function describeClients(security: Security): void {
  let servers: TestServers;
  let observer: SplitClient;

  beforeAll(async () => {
    servers = await startDoors(security);
    observer = servers.client();
  });
  afterAll(() => servers.stop());
  // Clients say little of what has gone wrong.
  beforeEach(() => {
    onTestFailed(() => console.error(servers.output('coordinator').slice(-20).join('\n')));
  });

  describe.each(clients.filter(({ securities }) => securities.includes(security)))('$name', (kind) => {
    describe.runIf(kind.tool === undefined || isPresent(kind.tool))('when it is on this machine', () => {
      let door: Door;
      let client: FtpClient;
      /** On this machine and on the server, only for this client. */
      let folder: string;
      const top = `/${kind.name}`;

      beforeAll(async () => {
        folder = await mkdtemp(join(servers.folder, 'client-'));
        door = await openDoor(servers, security);
        client = kind.open(door);
        await observer.makeDirectory(top);
      });

      const local = (name: string) => join(folder, name);

      async function store(path: string, bytes: Buffer | string): Promise<void> {
        await writeFile(local('to store'), bytes);
        expectDone(await observer.uploadFile(local('to store'), path));
      }

      async function expectStored(path: string, bytes: Buffer): Promise<void> {
        expectDone(await observer.downloadFile(path, local('stored')));
        expect(firstDifference(await readFile(local('stored')), bytes)).toBeUndefined();
      }

      async function expectLocal(name: string, bytes: Buffer): Promise<void> {
        expect(firstDifference(await readFile(local(name)), bytes)).toBeUndefined();
      }

      async function storedNames(path: string): Promise<string[]> {
        return (await observer.list(path)).map(({ name }) => name).sort();
      }

      /** A test of what the client can do at all. */
      function can(operations: readonly Operation[], title: string, run: () => Promise<void>): void {
        if (operations.every((operation) => kind.cannot?.[operation] === undefined)) {
          test(title, { timeout: patience }, run);
        }
      }

      test('can do, or tells why not', () => {
        for (const operation of operations) {
          const can = client[operation] !== undefined;
          expect([operation, can]).toEqual([operation, kind.cannot?.[operation] === undefined]);
        }
      });

      can(['upload'], 'uploads, over an older file too', async () => {
        for (const size of sizes) {
          const bytes = content(size, size);
          await writeFile(local('up'), bytes);
          await perform(client, 'upload')(local('up'), `${top}/up`);
          await expectStored(`${top}/up`, bytes);
        }
      });

      can(['download'], 'downloads', async () => {
        for (const size of sizes) {
          const bytes = content(size, size);
          await store(`${top}/down`, bytes);
          await perform(client, 'download')(`${top}/down`, local('down'));
          await expectLocal('down', bytes);
        }
      });

      can(['resumeUpload'], 'goes on with an upload', async () => {
        const bytes = content(3_000_000, 1);
        await writeFile(local('more'), bytes);
        await store(`${top}/more`, bytes.subarray(0, 1_234_567));
        await perform(client, 'resumeUpload')(local('more'), `${top}/more`);
        await expectStored(`${top}/more`, bytes);
      });

      // How a client came to be cut off does not depend on what it speaks.
      if (security === 'plain') {
        can(['resumeUpload'], 'goes on with an upload that was cut off', async () => {
          const bytes = content(3_000_000, 4);
          await writeFile(local('cut'), bytes);
          await cutUpload(door, `${top}/cut`, bytes.subarray(0, 1_234_567));
          expect(await storedNames(top)).not.toContain('cut');
          await perform(client, 'resumeUpload')(local('cut'), `${top}/cut`);
          await expectStored(`${top}/cut`, bytes);
        });
      }

      if (security !== 'plain') {
        can([], `${repetitions} times in a row: upload, list, download`, async () => {
          for (let round = 1; round <= repetitions; round++) {
            const bytes = content(200_000 + round, round);
            await writeFile(local('again'), bytes);
            const file = `again-${round}`;
            await observer.makeDirectory(`${top}/${file}`);
            if (client.upload) await client.upload(local('again'), `${top}/${file}/${file}`);
            else await store(`${top}/${file}/${file}`, bytes);
            expect(await client.names(`${top}/${file}`)).toEqual([file]);
            await client.download(`${top}/${file}/${file}`, local('again'));
            await expectLocal('again', bytes);
          }
        });
      }

      can(['resumeDownload'], 'goes on with a download', async () => {
        const bytes = content(3_000_000, 2);
        await store(`${top}/rest`, bytes);
        await writeFile(local('rest'), bytes);
        await truncate(local('rest'), 1_234_567);
        await perform(client, 'resumeDownload')(`${top}/rest`, local('rest'));
        await expectLocal('rest', bytes);
      });

      can(['rename'], 'renames over an existing file', async () => {
        await store(`${top}/old`, 'old');
        await store(`${top}/new`, 'a newer one');
        await perform(client, 'rename')(`${top}/new`, `${top}/old`);
        await expectStored(`${top}/old`, Buffer.from('a newer one'));
        expect(await storedNames(top)).not.toContain('new');
      });

      can(['makeFolder', 'removeFolder'], 'makes and removes a folder', async () => {
        await perform(client, 'makeFolder')(`${top}/a folder`);
        expect(await observer.stat(`${top}/a folder`)).toMatchObject({ kind: 'directory' });
        await perform(client, 'removeFolder')(`${top}/a folder`);
        expect(await observer.stat(`${top}/a folder`)).toBeUndefined();
      });

      can(['setTime'], 'sets a time', async () => {
        await store(`${top}/dated`, 'dated');
        const time = new Date('2001-02-03T04:05:06Z');
        await perform(client, 'setTime')(`${top}/dated`, time);
        expect(await observer.stat(`${top}/dated`)).toMatchObject({ modified: time });
      });

      can([], 'is told when a file is not there', async () => {
        await expect(perform(client, 'download')(`${top}/missing`, local('missing'))).rejects.toThrow();
      });

      describe('odd names', () => {
        // What a name goes through is the same below TLS.
        const names = security === 'plain' ? oddNames : oddNames.filter((_name, index) => index % 4 === 0);
        const bytes = (name: string) => Buffer.from(`this is ${name}`);

        beforeAll(async () => {
          for (const each of ['listed', 'from', 'to']) await observer.makeDirectory(`${top}/${each}`);
          for (const name of names) await store(`${top}/listed/${name}`, bytes(name));
        });

        can([], 'lists them', async () => {
          const seen = names.map((name) => kind.misreads?.[name] ?? name);
          expect((await client.names(`${top}/listed`)).sort()).toEqual(seen.sort());
        });

        can([], 'downloads them', async () => {
          for (const name of names) {
            await perform(client, 'download')(`${top}/listed/${name}`, local('down'));
            await expectLocal('down', bytes(name));
          }
        });

        can(['upload', 'rename', 'remove'], 'uploads, renames and removes them', async () => {
          const given = names.filter((name) => kind.cannotName?.[name] === undefined).sort();
          for (const name of given) {
            await writeFile(local('up'), bytes(name));
            await perform(client, 'upload')(local('up'), `${top}/from/${name}`);
          }
          expect(await storedNames(`${top}/from`)).toEqual(given);
          for (const name of given)
            await perform(client, 'rename')(`${top}/from/${name}`, `${top}/to/${name}`);
          expect(await storedNames(`${top}/from`)).toEqual([]);
          for (const name of given) await expectStored(`${top}/to/${name}`, bytes(name));
          for (const name of given) await perform(client, 'remove')(`${top}/to/${name}`);
          expect(await storedNames(`${top}/to`)).toEqual([]);
        });
      });

      describe('100 files', () => {
        const files = Array.from({ length: 100 }, (_, index) => `file-${String(index).padStart(3, '0')}`);
        const bytes = (index: number) => content(index * 100, index);

        can(['uploadAll'], 'uploads them', async () => {
          await mkdir(local('many'));
          for (const [index, file] of files.entries()) await writeFile(local(`many/${file}`), bytes(index));
          await observer.makeDirectory(`${top}/many`);
          await perform(client, 'uploadAll')(local('many'), `${top}/many`);
          expect(await storedNames(`${top}/many`)).toEqual(files);
          expectDone(await observer.download([`${top}/many`], local('stored many')));
          for (const [index, file] of files.entries())
            await expectLocal(`stored many/many/${file}`, bytes(index));
        });

        can([], 'downloads them', async () => {
          await mkdir(local('kept'));
          for (const [index, file] of files.entries()) await writeFile(local(`kept/${file}`), bytes(index));
          expectDone(await observer.upload([local('kept')], top));
          await mkdir(local('got'));
          await perform(client, 'downloadAll')(`${top}/kept`, local('got'));
          expect((await readdir(local('got'))).sort()).toEqual(files);
          for (const [index, file] of files.entries()) await expectLocal(`got/${file}`, bytes(index));
        });
      });
    });
  });
}

/** Shows why, when not. */
function expectDone({ failures }: TransferResult): void {
  expect(failures.map(({ path, message }) => `${path}: ${message}`)).toEqual([]);
}

function perform<K extends Operation>(client: FtpClient, operation: K): NonNullable<FtpClient[K]> {
  const found = client[operation];
  if (!found) throw new Error(`this client has no ${operation}`);
  return found;
}
