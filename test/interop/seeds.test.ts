/** The seeds' sequence: three programs from one `.env`, a file split in two, combined again; with many clients. */
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Configuration } from '../../src/config/configuration.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { RunningCommand, splitftp } from '../integration/command.ts';
import { content, firstDifference } from '../integration/content.ts';
import { writeEnvFile } from '../integration/servers.ts';
import { readBlocks, storedFiles } from '../integration/stored-parts.ts';
import { isPresent } from '../tools.ts';
import { programs } from './programs.ts';

let folder: string;
let configuration: Configuration;
const servers: RunningCommand[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'splitftp-seeds-'));
  const envFile = await writeEnvFile(folder);
  configuration = await loadConfiguration({ envFile, environment: {} });
  for (const args of [['storage', '1'], ['storage', '2'], ['coordinator']]) {
    const server = new RunningCommand(args, folder);
    servers.push(server);
    await server.ready();
  }
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  await rm(folder, { recursive: true, force: true });
});

const local = (name: string) => join(folder, name);

test('splitftp: two storage servers hold half of the file each, and it comes back whole', async () => {
  const bytes = content(400_001, 1);
  await writeFile(local('film.mkv'), bytes);
  expect(await splitftp(['upload', 'film.mkv'], folder)).toMatchObject({ status: 0, stderr: '' });
  const halves: Buffer[] = [];
  for (const number of [1, 2]) {
    const files = await storedFiles({ configuration }, number);
    expect(files).toEqual([
      expect.stringMatching(/^splitftp-[0-9a-f]{12}\/[0-9a-f]{2}\/[0-9a-f]{32}\.[01]$/),
    ]);
    halves.push(...(await readBlocks(join(folder, `storage_folder${number}`, files[0] ?? ''))));
  }
  expect(halves.map((half) => half.length)).toEqual([200_001, 200_000]);
  expect(firstDifference(Buffer.concat(halves), bytes)).toBeUndefined();

  expect(await splitftp(['download', '/film.mkv', 'copy.mkv'], folder)).toMatchObject({
    status: 0,
    stderr: '',
  });
  expect(firstDifference(await readFile(local('copy.mkv')), bytes)).toBeUndefined();
  expect(await splitftp(['rm', '/film.mkv'], folder)).toMatchObject({ status: 0, stdout: '', stderr: '' });
  expect(await splitftp(['ls'], folder)).toMatchObject({ status: 0, stdout: '', stderr: '' });
});

const names = [
  'plain.bin',
  'two words',
  "it's",
  'the "best"',
  '-x',
  '100% #1 [a];{b}&',
  'Grüße, 日本語 и 🚀',
];

describe.each(Object.keys(programs))('%s', (name) => {
  const open = () => {
    const program = programs[name];
    if (program === undefined) throw new Error(`there is no program ${name}`);
    return program(configuration.coordinator.port);
  };

  describe.runIf(isPresent(name))('when it is on this machine', () => {
    test.each(names)('uploads, lists, downloads, renames and removes %j', async (file) => {
      const program = open();
      const bytes = content(1_500_000, file.length);
      await writeFile(local('up'), bytes);
      const parent = `/${name} ${file}`;
      await program.mkdir(parent);
      await program.upload(local('up'), `${parent}/${file}`);
      expect(await program.names(parent)).toEqual([file]);
      await program.download(`${parent}/${file}`, local('down'));
      expect(firstDifference(await readFile(local('down')), bytes)).toBeUndefined();
      await program.rename(`${parent}/${file}`, `/${name}-${file}`);
      expect(await program.names(parent)).toEqual([]);
      await program.download(`/${name}-${file}`, local('down'));
      expect(firstDifference(await readFile(local('down')), bytes)).toBeUndefined();
      await program.remove(`/${name}-${file}`);
      await program.rmdir(parent);
      expect(await program.names('/')).toEqual([]);
    });

    test('overwrites, and goes on with a download that was cut off', async () => {
      const program = open();
      const bytes = content(5_000_000, 3);
      await writeFile(local('up'), 'an older version');
      await program.upload(local('up'), '/resumed');
      await writeFile(local('up'), bytes);
      await program.upload(local('up'), '/resumed');
      await writeFile(local('part'), bytes);
      await truncate(local('part'), 1_234_567);
      await program.resume('/resumed', local('part'));
      expect(firstDifference(await readFile(local('part')), bytes)).toBeUndefined();
      await program.remove('/resumed');
    });

    test('is told when a file is not there', async () => {
      await expect(open().download('/missing', local('missing'))).rejects.toThrow();
    });
  });
});
