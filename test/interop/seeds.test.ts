/** The seeds' sequence: three programs from one `.env`, a file split in two, combined again. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Configuration } from '../../src/config/configuration.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { RunningCommand, splitftp } from '../integration/command.ts';
import { content, firstDifference } from '../integration/content.ts';
import { writeEnvFile } from '../integration/servers.ts';
import { readBlocks, storedFiles } from '../integration/stored-parts.ts';

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
