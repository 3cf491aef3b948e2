/** A pool of a bundled storage server and one of somebody else's making: everything that happens to parts on it. */
import type { Client } from 'basic-ftp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mayMount } from '../disks.ts';
import { content, firstDifference } from '../integration/content.ts';
import { receive, retrieve, store } from '../integration/ftp-session.ts';
import { storedFiles } from '../integration/stored-parts.ts';
import { isPresent } from '../tools.ts';
import { ForeignPool, fingerprintOf, type TlsMode } from './foreign-pool.ts';
import { type ForeignKind, foreignServers, makeCertificate } from './foreign-servers.ts';

const MiB = 1024 * 1024;
const modes: Readonly<Record<ForeignKind, readonly TlsMode[]>> = {
  vsftpd: ['off', 'explicit', 'implicit'],
  proftpd: ['off', 'explicit', 'implicit'],
  'pure-ftpd': ['off', 'explicit'],
  pyftpdlib: ['off', 'explicit'],
};

describe.each(foreignServers)('a storage server on %s', (kind) => {
  describe.runIf(isPresent(kind))('when it is on this machine', () => {
    describe.each(modes[kind])('TLS: %s', (tls) => {
      let pool: ForeignPool;
      let session: Client;
      const old = content(3 * MiB, 7);
      const big = content(24 * MiB, 8);

      beforeAll(async () => {
        const disk = mayMount() ? { disk: 'size=40m' } : {};
        pool = await ForeignPool.start({ kind, tls, env: ['FTP_TIMEOUT2=15'], ...disk });
        session = await pool.session();
        await store(session, '/old', old);
      });
      afterAll(() => pool.stop());

      /** What was there before trouble is there, and everything works again, without anybody's doing. */
      async function expectWorking(): Promise<void> {
        session.close();
        session = await pool.session();
        expect(firstDifference(await retrieve(session, '/old'), old)).toBeUndefined();
        await store(session, '/later', old.subarray(0, MiB + 3));
        expect(firstDifference(await retrieve(session, '/later'), old.subarray(0, MiB + 3))).toBeUndefined();
        await session.remove('/later');
        await pool.expectOnlyPartsOf('/old');
      }

      test('files of any size come back whole, from any offset', async () => {
        for (const size of [0, 1, MiB + 1, 20 * MiB]) {
          const bytes = content(size, size % 1000);
          await store(session, '/file', bytes);
          expect(firstDifference(await retrieve(session, '/file'), bytes)).toBeUndefined();
          const offset = Math.floor(size * 0.7);
          expect(
            firstDifference(await retrieve(session, '/file', offset), bytes.subarray(offset)),
          ).toBeUndefined();
          await pool.expectOnlyPartsOf('/old', '/file'); // The old version's parts go.
        }
        await session.remove('/file');
        await pool.expectOnlyPartsOf('/old');
      });

      test('twenty files at once', async () => {
        const files = Array.from({ length: 20 }, (_, index) => ({
          path: `/file ${index}`,
          bytes: content(300_000 + index, index),
        }));
        expect(await Promise.all(files.map(({ path, bytes }) => pool.tryStore(path, bytes)))).toEqual(
          files.map(() => undefined),
        );
        await Promise.all(
          files.map(async ({ path, bytes }) => {
            const own = await pool.session();
            expect(firstDifference(await retrieve(own, path), bytes)).toBeUndefined();
            await own.remove(path);
            own.close();
          }),
        );
        await pool.expectOnlyPartsOf('/old');
      });

      test('restarted in the middle of an upload: it fails, the old file stays', async () => {
        const moved = pool.proxy.moved(2 * MiB);
        const outcome = pool.tryStore('/old', big);
        await moved;
        await pool.killForeign();
        expect(await outcome).toMatch(/^4\d\d .*storage server 2 \(/);
        await pool.startForeign();
        await expectWorking();
      });

      test('restarted in the middle of a download: it fails, what came is right', async () => {
        await store(session, '/big', big);
        const moved = pool.proxy.moved(2 * MiB);
        const outcome = receive(session, '/big');
        await moved;
        await pool.killForeign();
        const { bytes, error } = await outcome;
        expect(String(error)).toMatch(/: 4\d\d .*storage server 2 \(/);
        expect(firstDifference(bytes, big.subarray(0, bytes.length))).toBeUndefined();
        await pool.startForeign();
        session.close();
        session = await pool.session();
        expect(firstDifference(await retrieve(session, '/big'), big)).toBeUndefined();
        await session.remove('/big');
        await expectWorking();
      });

      test('down when an upload broke off: what it kept is no part, and is removed when it is back', async () => {
        const moved = pool.proxy.moved(2 * MiB);
        const outcome = pool.tryStore('/new', big);
        await moved;
        await pool.killForeign();
        expect(await outcome).toMatch(/^4\d\d .*storage server 2 \(/);
        // A new upload is refused at once while it is down.
        expect(await pool.tryStore('/other', old)).toMatch(/^4\d\d .*storage server 2 \(/);
        await pool.startForeign();
        expect((await receive(await pool.session(), '/new')).error).toMatchObject({ code: 550 });
        await expectWorking();
      });

      test('its data connection reset in the middle of an upload', async () => {
        const moved = pool.proxy.moved(2 * MiB);
        const outcome = pool.tryStore('/old', big);
        await moved;
        pool.proxy.resetData();
        expect(await outcome).toMatch(/^4\d\d .*storage server 2 \(/);
        await expectWorking();
      });

      test('all its connections reset in the middle of an upload', async () => {
        const moved = pool.proxy.moved(2 * MiB);
        const outcome = pool.tryStore('/old', big);
        await moved;
        pool.proxy.resetAll();
        expect(await outcome).toMatch(/^4\d\d .*storage server 2 \(/);
        await expectWorking();
      });

      test.runIf(mayMount())('full: the upload fails and says so, nothing is left of it', async () => {
        // pyftpdlib 1.5.7 never answers when a write of what came over TLS has failed.
        const expected =
          kind === 'pyftpdlib' && tls !== 'off' ? /^451 .* does not answer/ : /^452 .* is full/;
        const outcome = await pool.tryStore('/old', content(90 * MiB, 9));
        expect(outcome).toContain('storage server 2 (');
        expect(outcome).toMatch(expected);
        await pool.expectOnlyPartsOf('/old'); // Until then there is no room for anything else.
        await expectWorking();
      });

      if (tls !== 'off') {
        test('with another certificate it is not used, and it is told what it has shown', async () => {
          await pool.killForeign();
          const other = makeCertificate(pool.scratch, 'other');
          await pool.startForeign({ tls: { mode: tls === 'implicit' ? 'implicit' : 'explicit', ...other } });
          for (const outcome of [
            await pool.tryStore('/new', old),
            String((await receive(await pool.session(), '/old')).error),
          ]) {
            expect(outcome).toMatch(/storage server 2 \(.* is not trusted/);
            expect(outcome).toContain('FTP_TLS_FINGERPRINT2');
            expect(outcome).toContain(fingerprintOf(other.cert));
          }
          await pool.killForeign();
          await pool.startForeign();
          await expectWorking();
        });
      }

      // Last: the coordinator remembers how few connections it may have.
      test('that takes three connections only: twenty uploads at once all succeed', async () => {
        await pool.killForeign();
        await pool.startForeign({ connections: 3 });
        const bytes = content(200_000, 3);
        const paths = Array.from({ length: 20 }, (_, index) => `/file ${index}`);
        expect(await Promise.all(paths.map((path) => pool.tryStore(path, bytes)))).toEqual(
          paths.map(() => undefined),
        );
        await pool.expectOnlyPartsOf('/old', ...paths);
        for (const path of paths) await session.remove(path);
        await expectWorking();
      });
    });
  });
});

describe.runIf(isPresent('pyftpdlib'))('a storage server that confirms what it did not keep', () => {
  test('is not believed: the upload fails and the old file stays', async () => {
    const pool = await ForeignPool.start({ kind: 'pyftpdlib' });
    try {
      const session = await pool.session();
      const bytes = content(100_000, 1);
      await store(session, '/file', bytes);
      await pool.killForeign();
      await pool.startForeign({ liar: true });
      expect(await pool.tryStore('/file', content(100_000, 2))).toMatch(
        /storage server 2 .*does not give back/,
      );
      expect(firstDifference(await retrieve(session, '/file'), bytes)).toBeUndefined();
      await pool.expectOnlyPartsOf('/file');
      expect(await storedFiles(pool.servers, 2)).toHaveLength(1);
    } finally {
      await pool.stop();
    }
  });
});
