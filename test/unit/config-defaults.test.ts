import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dataFolder, defaultConfigurationFile, findConfigurationFile } from '../../src/config/defaults.ts';
import { isOwnEnvFile } from '../../src/config/env-file.ts';
import { loadConfiguration } from '../../src/config/load.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'splitftp-home-'));
});
afterEach(() => rm(home, { recursive: true }));

const environment = () => ({ XDG_DATA_HOME: home, LOCALAPPDATA: home });

// macOS has no variable that moves the folder, and a test must not write into a person's home.
const onMac = platform() === 'darwin';

test.runIf(!onMac)('the first use generates a configuration that works, for its owner alone', async () => {
  const path = await defaultConfigurationFile(environment());
  const configuration = await loadConfiguration({ envFile: path, environment: {} });
  expect(configuration.storageServers).toHaveLength(3);
  expect(configuration.layout).toEqual({ dataParts: 2, parityParts: 1 });
  const passwords = [configuration.coordinator, ...configuration.storageServers].map(
    (s) => s.account.password,
  );
  expect(new Set(passwords).size).toBe(4);
  if (platform() !== 'win32') expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test.runIf(!onMac)('many first uses at once end with one file', async () => {
  const uses = await Promise.all(
    Array.from({ length: 10 }, async () => {
      const envFile = await defaultConfigurationFile(environment());
      return loadConfiguration({ envFile, environment: {} });
    }),
  );
  expect(new Set(uses.map((use) => use.coordinator.account.password)).size).toBe(1);
  expect(await readdir(dataFolder(environment()))).toEqual(['.env']);
});

test.runIf(!onMac)("a folder's own .env is taken when it is SplitFTP's", async () => {
  const own = join(home, '.env');
  await writeFile(own, 'DATABASE=x\n');
  expect(await findConfigurationFile(home, environment())).not.toBe(own);
  await writeFile(own, 'FTP_USER=user\n');
  expect(await findConfigurationFile(home, environment())).toBe(own);
});

test("a folder named .env, as of a virtual environment of Python, is nobody's configuration", async () => {
  const path = join(home, '.env');
  expect(await isOwnEnvFile(path)).toBe(false);
  await mkdir(path);
  await writeFile(join(path, 'FTP_USER'), '');
  expect(await isOwnEnvFile(path)).toBe(false);
});
