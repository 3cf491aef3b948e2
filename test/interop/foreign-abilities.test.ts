/** Storage servers that lack what the pool would like to use: it finds out, goes another way, and says so. */
import { afterEach, describe, expect, test } from 'vitest';
import { content, firstDifference } from '../integration/content.ts';
import { retrieve, store } from '../integration/ftp-session.ts';
import { storedFiles } from '../integration/stored-parts.ts';
import { isPresent } from '../tools.ts';
import { ForeignPool, type PoolOptions } from './foreign-pool.ts';
import { type ForeignKind, foreignServers } from './foreign-servers.ts';

let pool: ForeignPool | undefined;

afterEach(async () => {
  await pool?.stop();
  pool = undefined;
});

async function start(options: PoolOptions): Promise<ForeignPool> {
  pool = await ForeignPool.start(options);
  return pool;
}

/** Of storage server 2. */
async function abilities({ servers }: ForeignPool): Promise<readonly string[]> {
  const reports = await servers.client().status();
  return reports.flatMap((report) =>
    report.kind === 'storage server' && report.number === 2 ? report.can : [],
  );
}

async function expectMainJob(foreign: ForeignPool): Promise<void> {
  const session = await foreign.session();
  for (const size of [0, 1, 700_001]) {
    const bytes = content(size, size);
    await store(session, '/file', bytes);
    expect(firstDifference(await retrieve(session, '/file'), bytes)).toBeUndefined();
    const offset = Math.floor(size * 0.9);
    expect(firstDifference(await retrieve(session, '/file', offset), bytes.subarray(offset))).toBeUndefined();
    await foreign.expectOnlyPartsOf('/file');
  }
  await session.remove('/file');
  await foreign.expectOnlyPartsOf();
}

const usual: Readonly<Record<ForeignKind, readonly string[]>> = {
  vsftpd: ['rename over', 'SIZE', 'REST', 'TLSv1.3 resumed'],
  proftpd: ['rename over', 'SIZE', 'REST', 'MLST', 'MFMT', 'TLSv1.3 resumed'],
  'pure-ftpd': ['rename over', 'SIZE', 'REST', 'MLST', 'MFMT', 'TLSv1.3'],
  pyftpdlib: ['rename over', 'SIZE', 'REST', 'MLST', 'MFMT', 'TLSv1.3 resumed'],
};

describe.each(foreignServers)('%s', (kind) => {
  test.runIf(isPresent(kind))('what it can do is found out at the first contact', async () => {
    const foreign = await start({ kind, tls: 'explicit' });
    expect(await abilities(foreign)).toEqual(usual[kind]);
    expect(await storedFiles(foreign.servers, 2)).toEqual([]); // The probe leaves nothing.
  });
});

describe.each(['vsftpd', 'pyftpdlib'] as const)('%s', (kind) => {
  describe.runIf(isPresent(kind))('when it is on this machine', () => {
    test.each([
      { without: ['RNFR', 'RNTO'], lost: ['rename over'] },
      { without: ['REST'], lost: ['REST'] },
      { without: ['SIZE'], lost: ['SIZE'] },
      { without: ['SIZE', 'MLST', 'MLSD'], lost: ['SIZE', 'MLST'] },
      { without: ['EPSV'], lost: [] },
      { without: ['FEAT'], lost: ['MLST', 'MFMT'] },
      {
        without: ['RNFR', 'RNTO', 'REST', 'SIZE', 'MLST', 'MLSD', 'MFMT', 'FEAT'],
        lost: ['rename over', 'REST', 'SIZE', 'MLST', 'MFMT'],
      },
    ])('without $without', async ({ without, lost }) => {
      // Behind the proxy PASV tells another address, which is not followed.
      const foreign = await start({ kind, foreign: { without } });
      expect(await abilities(foreign)).toEqual(
        usual[kind].filter((ability) => !lost.some((name) => name === ability) && !ability.startsWith('TLS')),
      );
      await expectMainJob(foreign);
    });

    test('with other abilities after a restart is asked again', async () => {
      const foreign = await start({ kind });
      await expectMainJob(foreign);
      await foreign.killForeign();
      await foreign.startForeign({ without: ['RNFR', 'RNTO'] });
      // Nobody saw it go: what it cannot do any more shows when it is asked for, once.
      await foreign.tryStore('/file', content(1000, 1));
      await expectMainJob(foreign);
      expect(await abilities(foreign)).not.toContain('rename over');
    });
  });
});

describe.runIf(isPresent('vsftpd'))('vsftpd', () => {
  test('FTP_CONNECTIONS2: no more connections than that, and all uploads succeed', async () => {
    const foreign = await start({ kind: 'vsftpd', env: ['FTP_CONNECTIONS2=2'] });
    const bytes = content(300_000, 1);
    const paths = Array.from({ length: 12 }, (_, index) => `/file ${index}`);
    expect(await Promise.all(paths.map((path) => foreign.tryStore(path, bytes)))).toEqual(
      paths.map(() => undefined),
    );
    expect(foreign.proxy.mostSessions).toBeLessThanOrEqual(2);
  });

  test('that wants TLS but gets none, or has none: the message says which variable to set', async () => {
    const foreign = await start({ kind: 'vsftpd', tls: 'explicit' });
    await foreign.killForeign();
    await foreign.startForeignWithoutTls();
    expect(await foreign.tryStore('/file', content(10, 1))).toMatch(/storage server 2 .*FTP_TLS2/);
  });

  test('FTP_TIMEOUT2: a server that falls silent in the middle of an upload is given up', async () => {
    const foreign = await start({ kind: 'vsftpd', env: ['FTP_TIMEOUT2=2'] });
    const moved = foreign.proxy.moved(1024 * 1024);
    const outcome = foreign.tryStore('/file', content(30_000_000, 1));
    await moved;
    foreign.proxy.freeze();
    expect(await outcome).toMatch(/storage server 2 \(.* does not answer/);
  });
});
