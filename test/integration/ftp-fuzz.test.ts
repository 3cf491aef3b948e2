/**
 * Thousands of made-up sessions, several at once, against the engine over a folder and over memory.
 *
 * FUZZ_SEED=n repeats a run, FUZZ_SESSIONS=n sets its length; both are printed. A failure prints what was said.
 */
import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FileSystem } from '../../src/ftp/file-system.ts';
import { FileSystemError } from '../../src/ftp/file-system.ts';
import { type FtpServer, startFtpServer } from '../../src/ftp/server.ts';
import { createLog } from '../../src/log/log.ts';
import { Folder } from '../../src/storage/folder.ts';
import { testCertificate } from '../certificate.ts';
import { runScript } from '../fuzz/fuzzed-session.ts';
import { script } from '../fuzz/script.ts';
import { MemoryFileSystem } from '../memory-file-system.ts';
import { RawClient } from './ftp-raw-client.ts';

const sessions = Number(process.env.FUZZ_SESSIONS ?? 20_000);
const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
const mostAtOnce = 80;

/** Short where only clients that do nothing are waited for; long where a busy machine could be taken for such a one. */
const limits = {
  dataConnectionMs: 60,
  stallMs: 300,
  tlsHandshakeMs: 10_000,
  goodbyeMs: 2_000,
  idleMs: 120_000,
  loginMs: 120_000,
  failedLoginDelayMs: 0,
  queuedCommands: 64,
};

const site = new Map([
  ['ECHO', async (argument: string) => [argument]],
  [
    'FAIL',
    async () => {
      throw new FileSystemError('unavailable', 'It is not to be had.');
    },
  ],
]);

/** What the process holds: descriptors, and what keeps it alive. */
function holdings(): { descriptors: number; resources: number; listeners: number } {
  return {
    descriptors: process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0,
    resources: process.getActiveResourcesInfo().filter((name) => name !== 'Immediate').length,
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(2);
}

/** A file system for the sessions of one run, so that a run can be repeated alone. */
async function freshFileSystem(inMemory: boolean, root: string): Promise<FileSystem> {
  return inMemory ? new MemoryFileSystem() : Folder.open(await mkdtemp(join(root, 'run-')));
}

test(`${sessions} sessions: each command has one reply, nothing leaks (FUZZ_SEED=${seed})`, {
  timeout: 3_600_000,
}, async () => {
  const warnings: Error[] = [];
  const warn = (warning: Error) => warnings.push(warning);
  process.on('warning', warn);
  const before = holdings();
  const root = await mkdtemp(join(tmpdir(), 'splitftp-fuzz-'));
  const certificate = await testCertificate();
  const defects: string[] = [];
  let files: FileSystem = new MemoryFileSystem();
  const server: FtpServer = await startFtpServer({
    host: '127.0.0.1',
    port: 0,
    // The engine logs an error that no FileSystemError explains, and nothing else, at this level.
    log: createLog('fuzz', 'error', { write: (line) => defects.push(line) }),
    greeting: 'Fuzz',
    login: async (user, password) =>
      user === 'u' && password === 'p' ? { fileSystem: files } : { refused: 'wrong-password' },
    site,
    limits,
    tls: { ...certificate, required: false, implicit: { port: 0 } },
  });
  const { port, implicitPort } = server;
  if (implicitPort === undefined) throw new Error('there is no port for implicit TLS');
  const sums = { sessions: 0, commands: 0, replies: 0 };
  const begin = performance.now();
  try {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 9 }),
        fc.array(script, { minLength: mostAtOnce, maxLength: mostAtOnce }),
        async (choice, scripts) => {
          files = await freshFileSystem(choice > 0, root);
          const outcomes = await Promise.all(scripts.map((each) => runScript({ port, implicitPort }, each)));
          sums.sessions += outcomes.length;
          for (const { commands, replies } of outcomes) {
            sums.commands += commands;
            sums.replies += replies;
          }
          await until(() => server.sessionCount === 0);
          if (files instanceof MemoryFileSystem) expect(files.openUploads).toBe(0);
          expect(defects).toEqual([]);
        },
      ),
      { seed, numRuns: Math.ceil(sessions / mostAtOnce), endOnFailure: true },
    );
    const client = await RawClient.login(port);
    expect((await client.retrieve('LIST')).reply.code).toBe(226);
    client.destroy();
  } finally {
    const seconds = ((performance.now() - begin) / 1000).toFixed(0);
    console.log(
      `fuzz: FUZZ_SEED=${seed} FUZZ_SESSIONS=${sessions}: ${sums.sessions} sessions, ` +
        `${sums.commands} commands, ${sums.replies} final replies in ${seconds} s`,
    );
    await server.close();
    await rm(root, { recursive: true });
  }
  await until(() => {
    const now = holdings();
    return now.descriptors <= before.descriptors && now.resources <= before.resources;
  });
  expect(holdings().listeners).toBe(before.listeners);
  process.off('warning', warn);
  expect(warnings).toEqual([]);
  expect(sums.sessions).toBeGreaterThanOrEqual(sessions);
});
