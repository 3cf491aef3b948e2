import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type Configuration,
  ConfigurationError,
  type CoordinatorTls,
  type StorageTls,
} from '../../src/config/configuration.ts';
import { loadConfiguration, toEnvironment } from '../../src/config/load.ts';
import { isLocal } from '../../src/config/loopback.ts';

const seeds = `
FTP_USER=user
FTP_PASSWORD=password
FTP_PORT=3000
FTP_SERVER_DIR=server_folder
FTP_SERVER=127.0.0.1
FTP_USER1=user1
FTP_PASSWORD1=password1
FTP_PORT1=3001
FTP_USER2=user2
FTP_PASSWORD2=password2
FTP_PORT2=3002
`;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'splitftp-config-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function load(text: string, environment: Record<string, string> = {}): Promise<Configuration> {
  const envFile = join(folder, '.env');
  await writeFile(envFile, text);
  return loadConfiguration({ envFile, environment });
}

async function problems(text: string, environment: Record<string, string> = {}): Promise<readonly string[]> {
  const error = await load(text, environment).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConfigurationError))
    throw new Error('the configuration was taken', { cause: error });
  return error.problems;
}

describe('a valid configuration', () => {
  test('the seeds have one', async () => {
    expect(await load(seeds)).toEqual({
      coordinator: {
        account: { user: 'user', password: 'password' },
        host: '127.0.0.1',
        port: 3000,
        folder: join(folder, 'server_folder'),
        usersFile: join(folder, 'server_folder', 'users.json'),
        limits: {},
        upkeep: { scrubDays: 30, rate: 20, relocateMinutes: 15 },
        tls: { mode: 'off' },
      },
      storageServers: [1, 2].map((number) => ({
        number,
        account: { user: `user${number}`, password: `password${number}` },
        host: '127.0.0.1',
        port: 3000 + number,
        folder: join(folder, `storage_folder${number}`),
        tls: { mode: 'off', waived: false },
      })),
      layout: { dataParts: 2, parityParts: 0 },
      source: join(folder, '.env'),
    });
  });

  test.each([
    [1, {}, '1+0'],
    [2, {}, '2+0'],
    [3, {}, '2+1'],
    [5, {}, '4+1'],
    [6, {}, '4+2'],
    [30, {}, '18+2'],
    [2, { FTP_PARITY_PARTS: '1' }, '1+1'],
    [5, { FTP_PARITY_PARTS: '2' }, '3+2'],
    [8, { FTP_DATA_PARTS: '4' }, '4+2'],
    [3, { FTP_DATA_PARTS: '3' }, '3+0'],
    [12, { FTP_DATA_PARTS: '3', FTP_PARITY_PARTS: '3' }, '3+3'],
  ])('%i storage servers with %j have the layout %s', async (servers, settings, layout) => {
    const environment: Record<string, string> = { FTP_USER: 'u', FTP_PASSWORD: 'p', ...settings };
    for (let number = 1; number <= servers; number++) {
      environment[`FTP_USER${number}`] = 'u';
      environment[`FTP_PASSWORD${number}`] = 'p';
    }
    const { dataParts, parityParts } = (await loadConfiguration({ environment })).layout;
    expect(`${dataParts}+${parityParts}`).toBe(layout);
  });

  test('where a storage server was removed the others keep their numbers', async () => {
    const { storageServers } = await load(seeds.replaceAll(/(USER|PASSWORD|PORT)1/g, '$13'));
    expect(storageServers.map(({ number }) => number)).toEqual([2, 3]);
  });

  test('ports that are not given follow 2121', async () => {
    const configuration = await load(seeds.replaceAll(/^FTP_PORT.*$/gm, ''));
    expect(configuration.coordinator.port).toBe(2121);
    expect(configuration.storageServers.map(({ port }) => port)).toEqual([2122, 2123]);
  });

  test('the environment wins over the file', async () => {
    expect((await load(seeds, { FTP_PORT: '4000' })).coordinator.port).toBe(4000);
  });

  test('variables of other programs are left alone, in the file and in the environment', async () => {
    const text = `OTHER="a\nb"\nexport ANOTHER=1 # note\n${seeds}`;
    expect((await load(text, { FTP_PROXY: 'http://proxy' })).storageServers).toHaveLength(2);
  });

  test('a file from Windows is read', async () => {
    expect((await load(`\uFEFF${seeds.trim().replaceAll('\n', '\r\n')}`)).coordinator.account.user).toBe(
      'user',
    );
  });

  test('limits of a storage server are whole numbers from 1 on, and reach child processes', async () => {
    const configuration = await load(`${seeds}FTP_CONNECTIONS2=3\nFTP_TIMEOUT2=90\n`);
    expect(configuration.storageServers[1]).toMatchObject({ connections: 3, timeout: 90 });
    expect(configuration.storageServers[0]).not.toHaveProperty('connections');
    expect(toEnvironment(configuration)).toMatchObject({ FTP_CONNECTIONS2: '3', FTP_TIMEOUT2: '90' });
    await expect(load(`${seeds}FTP_CONNECTIONS1=0\n`)).rejects.toThrow(
      /FTP_CONNECTIONS1 is "0": write a whole number/,
    );
    await expect(load(`${seeds}FTP_TIMEOUT1=soon\n`)).rejects.toThrow(/FTP_TIMEOUT1 is "soon"/);
  });

  test('upkeep and the space of a storage server can be set, and reach child processes', async () => {
    const configuration = await load(
      `${seeds}FTP_SCRUB_DAYS=7\nFTP_UPKEEP_RATE=2.5\nFTP_RELOCATE_MINUTES=0\nFTP_DOMAIN2=cellar\nFTP_CAPACITY2=1.5TB\n`,
    );
    expect(configuration.coordinator.upkeep).toEqual({ scrubDays: 7, rate: 2.5, relocateMinutes: 0 });
    expect(configuration.storageServers[1]).toMatchObject({ domain: 'cellar', capacity: 1.5e12 });
    expect(configuration.storageServers[0]).not.toHaveProperty('domain');
    expect(toEnvironment(configuration)).toMatchObject({ FTP_SCRUB_DAYS: '7', FTP_DOMAIN2: 'cellar' });
    expect((await load(`${seeds}FTP_CAPACITY1=20GiB\n`)).storageServers[0]?.capacity).toBe(20 * 1024 ** 3);
    await expect(load(`${seeds}FTP_SCRUB_DAYS=0\n`)).rejects.toThrow(
      /FTP_SCRUB_DAYS is "0": write a number of/,
    );
    await expect(load(`${seeds}FTP_UPKEEP_RATE=fast\n`)).rejects.toThrow(/FTP_UPKEEP_RATE is "fast"/);
    await expect(load(`${seeds}FTP_CAPACITY1=much\n`)).rejects.toThrow(
      /FTP_CAPACITY1 is "much": write a size/,
    );
    await expect(load(`${seeds}FTP_DOMAIN1="a b"\n`)).rejects.toThrow(/FTP_DOMAIN1 is "a b"/);
  });

  test('TLS is required where other machines can connect, unless that is waived', async () => {
    const mode = async (lines: string) => (await load(`${seeds}${lines}\n`)).coordinator.tls.mode;
    expect(await mode('FTP_HOST=localhost')).toBe('off');
    expect(await mode('FTP_HOST=0.0.0.0')).toBe('required');
    expect(await mode('FTP_HOST=192.0.2.1')).toBe('required');
    expect(await mode('FTP_HOST=0.0.0.0\nFTP_TLS=off')).toBe('off');
    expect(await mode('FTP_HOST=0.0.0.0\nFTP_TLS=Optional')).toBe('optional');
  });

  test('fingerprints are taken as programs show them, files from the folder of the .env file', async () => {
    const shown = `SHA256 Fingerprint=${'AB:'.repeat(31)}AB`;
    const { coordinator, storageServers } = await load(
      `${seeds}FTP_TLS=required\nFTP_TLS_CERT=c.pem\nFTP_TLS_KEY=k.pem\nFTP_TLS1=explicit\n` +
        `FTP_TLS_FINGERPRINT1="${shown}"\nFTP_TLS2=off\nFTP_TLS_CA2=ca.pem\n`,
    );
    expect(coordinator.tls.certificate).toEqual({
      certificate: join(folder, 'c.pem'),
      key: join(folder, 'k.pem'),
    });
    expect(storageServers.map(({ tls }) => tls)).toEqual([
      { mode: 'explicit', waived: false, fingerprint: 'ab'.repeat(32) },
      { mode: 'off', waived: true, ca: join(folder, 'ca.pem') },
    ]);
  });

  test('a storage server may be on another machine', async () => {
    const { storageServers } = await load(`${seeds}FTP_SERVER2=nas.example\n`);
    expect(storageServers.map(isLocal)).toEqual([true, false]);
  });

  test('somebody else may run the storage server at an address of this machine', async () => {
    const configuration = await load(`${seeds}FTP_BUNDLED2=no\n`);
    expect(configuration.storageServers.map(isLocal)).toEqual([true, false]);
    expect(toEnvironment(configuration)).toMatchObject({ FTP_BUNDLED2: 'no' });
    expect((await load(`${seeds}FTP_BUNDLED2=yes\n`)).storageServers.map(isLocal)).toEqual([true, true]);
    await expect(load(`${seeds}FTP_BUNDLED2=maybe\n`)).rejects.toThrow(/FTP_BUNDLED2 is "maybe"/);
  });

  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((s) => !/\p{Cc}/u.test(s));
  const account = fc.record({ user: text, password: text });
  const host = fc.oneof(fc.ipV4(), fc.domain(), fc.constantFrom('localhost', '::1', '127.0.0.1'));
  const file = text.map((name) => resolve(tmpdir(), name));
  const tlsFiles = {
    fingerprint: fc.stringMatching(/^[0-9a-f]{64}$/),
    certificate: fc.record({ certificate: file, key: file }),
  };
  const coordinatorTls: fc.Arbitrary<CoordinatorTls> = fc.oneof(
    fc.record(
      {
        mode: fc.constantFrom('optional', 'required'),
        implicitPort: fc.integer({ min: 65_100, max: 65_535 }),
        ...tlsFiles,
      },
      { requiredKeys: ['mode'] },
    ),
    fc.record({ mode: fc.constant('off' as const), ...tlsFiles }, { requiredKeys: ['mode'] }),
  );
  const storageTls: fc.Arbitrary<StorageTls> = fc.oneof(
    fc.record(
      {
        mode: fc.constantFrom('off', 'explicit', 'implicit'),
        waived: fc.constant(false),
        ca: file,
        ...tlsFiles,
      },
      { requiredKeys: ['mode', 'waived'] },
    ),
    fc.constant({ mode: 'off' as const, waived: true }),
  );
  const configurations = fc
    .record({
      hosts: fc.array(fc.record({ account, host, tls: storageTls }), { minLength: 2, maxLength: 9 }),
      tls: coordinatorTls,
      firstPort: fc.integer({ min: 1, max: 65000 }),
      name: text.filter((s) => !/[\\/.]/.test(s)),
      limits: fc.record(
        { connections: fc.integer({ min: 1, max: 1000 }), stallSeconds: fc.integer({ min: 1, max: 1000 }) },
        { requiredKeys: [] },
      ),
      upkeep: fc.record({
        scrubDays: fc.integer({ min: 1, max: 365 }),
        rate: fc.integer({ min: 0, max: 1000 }),
        relocateMinutes: fc.integer({ min: 0, max: 1000 }),
      }),
    })
    .map(({ hosts, tls, firstPort, name, limits, upkeep }): Configuration => {
      const servers = hosts.map((server, index) => ({
        ...server,
        port: firstPort + index,
        folder: resolve(tmpdir(), `${index} ${name}`),
      }));
      const [coordinator, ...others] = servers;
      if (coordinator === undefined) throw new Error('an array of at least 2 is empty');
      return {
        coordinator: { ...coordinator, usersFile: resolve(tmpdir(), `${name}.json`), limits, upkeep, tls },
        storageServers: others.map((server, index) => ({ ...server, number: index + 1 })),
        layout: { dataParts: 1, parityParts: others.length - 1 },
        writeQuorum: others.length,
        partTimeout: firstPort % 3600 || 1,
        source: 'the environment',
      };
    });

  test('survives its way through the environment of a child process', async () => {
    await fc.assert(
      fc.asyncProperty(configurations, async (configuration) => {
        const environment = toEnvironment(configuration);
        expect(await loadConfiguration({ environment })).toEqual(configuration);
      }),
    );
  });
});

describe('what is wrong is said with the variable and the remedy', () => {
  test.each([
    ['a missing password', seeds.replace('FTP_PASSWORD1=password1\n', ''), /^FTP_PASSWORD1 is missing/],
    ['an empty password', seeds.replace('=password2', '='), /^FTP_PASSWORD2 is empty/],
    ['a control character', seeds.replace('=user1', '="us\\ner1"'), /^FTP_USER1 holds a control character/],
    [
      'number 256',
      `${seeds}FTP_USER256=u`,
      /^FTP_USER256 is set, but the numbers of storage servers end with 255/,
    ],
    ['port 0', seeds.replace('3001', '0'), /^FTP_PORT1 is "0": write a port from 1 to 65535/],
    ['port 65536', seeds.replace('3001', '65536'), /^FTP_PORT1 is "65536"/],
    ['a word as port', seeds.replace('3001', 'ftp'), /^FTP_PORT1 is "ftp"/],
    ['one port twice', seeds.replace('3002', '3001'), /^FTP_PORT1 and FTP_PORT2 are both 3001/],
    [
      'one port by two names',
      `${seeds}FTP_PORT2=3000\nFTP_SERVER2=localhost`,
      /^FTP_PORT and FTP_PORT2 are both/,
    ],
    ['a URL as host', seeds.replace('127.0.0.1', 'ftp://nas'), /^FTP_SERVER is "ftp:\/\/nas"/],
    [
      'one folder twice',
      `${seeds}FTP_STORAGE_DIR2=x/../storage_folder1`,
      /^FTP_STORAGE_DIR1 and FTP_STORAGE_DIR2/,
    ],
    [
      'a folder in another',
      `${seeds}FTP_STORAGE_DIR2=storage_folder1/x`,
      /^FTP_STORAGE_DIR1 and FTP_STORAGE_DIR2/,
    ],
    [
      'the coordinator inside',
      seeds.replace('server_folder', 'storage_folder2/x'),
      /^FTP_SERVER_DIR .* FTP_STORAGE_DIR2/,
    ],
    ['no data parts', `${seeds}FTP_DATA_PARTS=0`, /^FTP_DATA_PARTS is "0": write a whole number from 1 to 2/],
    ['nothing but parity', `${seeds}FTP_PARITY_PARTS=2`, /^FTP_PARITY_PARTS is "2": .* from 0 to 1/],
    [
      'too many parts',
      `${seeds}FTP_DATA_PARTS=2\nFTP_PARITY_PARTS=1`,
      /^FTP_DATA_PARTS and FTP_PARITY_PARTS make 3 parts: write at most 2, one for each storage server/,
    ],
    ['a quorum below k', `${seeds}FTP_WRITE_QUORUM=1`, /^FTP_WRITE_QUORUM is "1": write 2, or remove it/],
    ['a time-out of 0', `${seeds}FTP_PART_TIMEOUT=0`, /^FTP_PART_TIMEOUT is "0": .* from 1 to 3600/],
    ['a limit of 0', `${seeds}FTP_MAX_TRANSFERS=0`, /^FTP_MAX_TRANSFERS is "0": write a number from 1 to/],
    [
      'a limit with a unit',
      `${seeds}FTP_IDLE_TIMEOUT=5m`,
      /^FTP_IDLE_TIMEOUT is .* number of seconds from 1/,
    ],
    ['a misspelt variable', `${seeds}FTP_PASWORD2=x`, /^FTP_PASWORD2 is not .* did you mean FTP_PASSWORD2\?/],
    ['a padded number', `${seeds}FTP_USER03=x`, /^FTP_USER03 is not .* did you mean FTP_USER3\?/],
    ['a line that is none', `FTP_USER\n${seeds}`, /^line 1 is not NAME=value/],
    ['an open quote', seeds.replace('=user2', '="user2'), /^FTP_USER2 \(line 10\) has no closing "/],
    ['a mode of TLS', `${seeds}FTP_TLS=yes`, /^FTP_TLS is "yes": write one of off, optional, required/],
    ["a storage server's mode", `${seeds}FTP_TLS2=on`, /^FTP_TLS2 is "on": write one of off, explicit/],
    ['half a fingerprint', `${seeds}FTP_TLS_FINGERPRINT1=ab:cd`, /^FTP_TLS_FINGERPRINT1 is not a SHA-256/],
    [
      'a certificate without key',
      `${seeds}FTP_TLS_CERT=c.pem`,
      /^FTP_TLS_CERT is set, but FTP_TLS_KEY is not/,
    ],
    ['a key without certificate', `${seeds}FTP_TLS_KEY1=k.pem`, /^FTP_TLS_KEY1 is set, but FTP_TLS_CERT1 is/],
    ['a TLS port without TLS', `${seeds}FTP_TLS_PORT=990`, /^FTP_TLS_PORT is set, but FTP_TLS is off/],
    [
      'the port of implicit TLS twice',
      `${seeds}FTP_TLS=optional\nFTP_TLS_PORT=3002`,
      /^FTP_TLS_PORT and FTP_PORT2 are both 3002/,
    ],
    ['a # in a password', seeds.replace('=password2', '=pass#word'), /^FTP_PASSWORD2 \(line 11\) holds a #/],
  ])('%s', async (_, text, expected) => {
    expect(await problems(text)).toEqual([expect.stringMatching(expected)]);
  });

  test('everything at once, and never a password', async () => {
    const found = await problems('FTP_PASSWORD=hush\nFTP_PORT=x\nFTP_PASSWORD1=hush\nFTP_USRE=me');
    expect(found).toHaveLength(4);
    expect(found.join()).not.toContain('hush');
  });

  test('an empty environment', async () => {
    const failed = loadConfiguration({ environment: {} });
    await expect(failed).rejects.toThrow(/^the environment:\n {2}FTP_USER is missing: add it\n/);
  });

  test('a file that is not there', async () => {
    const failed = loadConfiguration({ envFile: join(folder, 'none'), environment: {} });
    await expect(failed).rejects.toThrow(/none:\n {2}there is no such file/);
  });
});
