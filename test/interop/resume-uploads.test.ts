/** Programs that everybody has go on with an upload that was cut off: killed again and again, until the file is there. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { content, firstDifference } from '../integration/content.ts';
import { RawClient } from '../integration/ftp-raw-client.ts';
import { openSession, retrieve } from '../integration/ftp-session.ts';
import { startServers, type TestServers } from '../integration/servers.ts';
import { storedFiles } from '../integration/stored-parts.ts';
import { isPresent } from '../tools.ts';

const size = 20_000_000;
const bytes = content(size, 1);
/** Bytes a second, so that a program is killed in the middle. */
const rate = 2_000_000;

let servers: TestServers;
let local: string;

beforeAll(async () => {
  servers = await startServers();
  local = join(servers.folder, 'up');
  await writeFile(local, bytes);
});
afterAll(() => servers.stop());

/** The storage servers hold the beginning of a part. */
async function bytesUnderWay(): Promise<void> {
  await vi.waitFor(
    async () => {
      for (const server of [1, 2]) expect((await storedFiles(servers, server)).join()).toMatch(/uploads/);
    },
    { timeout: 30_000, interval: 20 },
  );
}

type Start = (remote: string, slowly: boolean) => ChildProcess;

const port = () => servers.configuration.coordinator.port;
const silent = { stdio: 'ignore' } as const;

const programs: Readonly<Record<string, Start>> = {
  curl: (remote, slowly) =>
    spawn(
      'curl',
      [
        ...['--silent', '--user', 'user:password', '--continue-at', '-', '--upload-file', local],
        ...(slowly ? ['--limit-rate', String(rate)] : []),
        `ftp://127.0.0.1:${port()}${remote}`,
      ],
      silent,
    ),
  lftp: (remote, slowly) =>
    spawn(
      'lftp',
      [
        '--norc',
        '-c',
        `set cmd:fail-exit true; set net:max-retries 1; set ftp:ssl-allow false;${slowly ? ` set net:limit-rate ${rate};` : ''}
         open -u user,password -p ${port()} 127.0.0.1; put -c ${local} -o ${remote}; bye`,
      ],
      silent,
    ),
};

async function keptBytes(remote: string): Promise<number> {
  const client = await RawClient.login(port(), 'user', 'password');
  const { text } = await client.ask(`SIZE ${remote}`);
  client.destroy();
  return Number(/^213 (\d+)$/.exec(text)?.[1] ?? 0);
}

async function expectComplete(remote: string): Promise<void> {
  const session = await openSession(servers.configuration.coordinator);
  expect(firstDifference(await retrieve(session, remote), bytes)).toBeUndefined();
  session.close();
}

/** Waits until what a killed program sent is kept; then all of it is. */
async function keptMore(remote: string, than: number): Promise<number> {
  return vi.waitFor(
    async () => {
      const now = await keptBytes(remote);
      if (now <= than) throw new Error(`${now} bytes are kept, as before`);
      return now;
    },
    { timeout: 30_000, interval: 50 },
  );
}

describe.each(Object.keys(programs))('%s', (name) => {
  const start: Start = (...args) => {
    const program = programs[name];
    if (program === undefined) throw new Error(`there is no program ${name}`);
    return program(...args);
  };

  describe.runIf(isPresent(name))('when it is on this machine', () => {
    test('killed at any moment, goes on until the file is complete', async () => {
      const remote = `/${name}`;
      let kept = 0;
      for (let kill = 1; kill <= 3; kill++) {
        const child = start(remote, true);
        const exit = once(child, 'exit');
        await bytesUnderWay();
        await delay(Math.random() * 300);
        child.kill('SIGKILL');
        await exit;
        kept = await keptMore(remote, kept);
      }
      expect(kept).toBeLessThan(size);
      const [status] = await once(start(remote, false), 'exit');
      expect(status).toBe(0);
      await expectComplete(remote);
    });

    test('goes on after the coordinator was stopped in the middle', async () => {
      const remote = `/${name}-stop`;
      const child = start(remote, true);
      const exit = once(child, 'exit');
      await bytesUnderWay();
      await servers.restart('coordinator');
      child.kill('SIGKILL');
      await exit;
      expect(await keptBytes(remote)).toBeGreaterThan(0);
      const [status] = await once(start(remote, false), 'exit');
      expect(status).toBe(0);
      await expectComplete(remote);
    });
  });
});

describe.runIf(isPresent('python3'))("Python's ftplib", () => {
  test('ended after any number of bytes, goes on with REST until the file is complete', async () => {
    const script = join(import.meta.dirname, 'ftplib_resume.py');
    const upload = async (limit: number) => {
      const child = spawn('python3', [script, String(port()), local, '/ftplib', String(limit)], silent);
      const [status] = await once(child, 'exit');
      return status;
    };
    let kept = 0;
    while (kept < size - 8_000_000) {
      expect(await upload(1 + Math.floor(Math.random() * 8_000_000))).toBeNull();
      kept = await keptMore('/ftplib', kept);
    }
    expect(await upload(Number.MAX_SAFE_INTEGER)).toBe(0);
    await expectComplete('/ftplib');
  });
});

test('as FileZilla does it: SIZE, then REST and STOR; or SIZE, then APPE', async () => {
  for (const resume of ['REST 3000000', '']) {
    const path = `/filezilla${resume}`;
    const first = await RawClient.login(port(), 'user', 'password');
    const data = await first.data();
    expect((await first.ask(`STOR ${path}`)).code).toBe(150);
    data.write(bytes.subarray(0, 3_000_000));
    await vi.waitFor(async () => expect((await first.ask('STAT')).text).toContain('3000000 bytes so far'));
    first.destroy();
    data.destroy();
    expect(await keptMore(path, 0)).toBe(3_000_000);
    const client = await RawClient.login(port(), 'user', 'password');
    for (const [command, reply] of [
      ['CWD /', /^250/],
      ['TYPE I', /^200/],
      [`SIZE ${path.slice(1)}`, /^213 3000000$/],
      [`MDTM ${path.slice(1)}`, /^213 /],
    ] as const) {
      expect((await client.ask(command)).text).toMatch(reply);
    }
    const rest = await client.data();
    if (resume !== '') expect((await client.ask(resume)).code).toBe(350);
    expect((await client.ask(`${resume === '' ? 'APPE' : 'STOR'} ${path.slice(1)}`)).code).toBe(150);
    rest.end(bytes.subarray(3_000_000));
    expect((await client.reply()).code).toBe(226);
    client.destroy();
    await expectComplete(path);
  }
});
