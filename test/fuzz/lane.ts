/** One server and the sessions that are run against it, some at once: several lanes run side by side. */
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { type FileSystem, FileSystemError } from '../../src/ftp/file-system.ts';
import { startFtpServer } from '../../src/ftp/server.ts';
import { createLog } from '../../src/log/log.ts';
import { Folder } from '../../src/storage/folder.ts';
import { testCertificate } from '../certificate.ts';
import { RawClient } from '../integration/ftp-raw-client.ts';
import { MemoryFileSystem } from '../memory-file-system.ts';
import { runScript } from './fuzzed-session.ts';
import { type Script, script } from './script.ts';

export interface Lane {
  readonly seed: number;
  /** How many at least. */
  readonly sessions: number;
  /** A folder for what is stored. */
  readonly root: string;
}

export interface Sums {
  sessions: number;
  commands: number;
  replies: number;
}

const sessionsAtOnce = 24;

/** Short where only clients that do nothing are waited for; long where a busy machine could be taken for such a one. */
const limits = {
  dataConnectionMs: 60,
  stallMs: 300,
  tlsHandshakeMs: 30_000,
  goodbyeMs: 2_000,
  idleMs: 600_000,
  loginMs: 600_000,
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

/** @throws what fast-check tells of the first failure, with all that was said in the session */
export async function runLane({ seed, sessions, root }: Lane, sums: Sums): Promise<void> {
  const defects: string[] = [];
  let files: FileSystem = new MemoryFileSystem();
  const server = await startFtpServer({
    host: '127.0.0.1',
    port: 0,
    // The engine logs an error that no FileSystemError explains, and nothing else, at this level.
    log: createLog('fuzz', 'error', { write: (line) => defects.push(line) }),
    greeting: 'Fuzz',
    login: async (user, password) =>
      user === 'u' && password === 'p' ? { fileSystem: files } : { refused: 'wrong-password' },
    site,
    limits,
    tls: { ...(await testCertificate()), required: false, implicit: { port: 0 } },
  });
  const { port, implicitPort } = server;
  if (implicitPort === undefined) throw new Error('there is no port for implicit TLS');

  const runOnce = async (choice: number, scripts: Script[]) => {
    // Fresh for each run, so that one can be repeated alone; on a disk now and then.
    const memory = choice > 0 ? new MemoryFileSystem() : undefined;
    files = memory ?? (await Folder.open(await mkdtemp(join(root, 'run-'))));
    for (const { commands, replies } of await Promise.all(
      scripts.map((each) => runScript({ port, implicitPort }, each)),
    )) {
      sums.sessions++;
      sums.commands += commands;
      sums.replies += replies;
    }
    await inTime(async () => {
      while (server.sessionCount > 0) await delay(2);
    }, 'sessions whose clients are gone go on');
    if (memory && memory.openUploads > 0) throw new Error('an upload was neither committed nor aborted');
    if (defects.length > 0) throw new Error(`the engine logged a defect: ${defects.join('')}`);
  };

  try {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 9 }),
        fc.array(script, { minLength: sessionsAtOnce, maxLength: sessionsAtOnce }),
        runOnce,
      ),
      // The sessions of a run are too many to be printed; what was said in the one that failed is.
      { seed, numRuns: Math.ceil(sessions / sessionsAtOnce), endOnFailure: true, reporter: report },
    );
    const client = await RawClient.login(port);
    const { text } = await client.ask('STAT /');
    client.destroy();
    if (!text.startsWith('212-')) throw new Error(`in the end STAT was answered ${text}`);
  } catch (error) {
    // What broke first is what counts; it may be why this fails, too.
    await inTime(() => server.close(), '').catch(() => undefined);
    throw error;
  }
  await inTime(() => server.close(), 'the server does not close');
}

async function inTime(work: () => Promise<void>, otherwise: string): Promise<void> {
  const deadline = new AbortController();
  const late = delay(120_000, undefined, { signal: deadline.signal }).then(() => {
    throw new Error(otherwise);
  });
  late.catch(() => undefined); // That it was ended is no failure.
  try {
    await Promise.race([work(), late]);
  } finally {
    deadline.abort();
  }
}

function report(run: fc.RunDetails<[number, Script[]]>): void {
  if (!run.failed) return;
  const { errorInstance, seed, counterexamplePath } = run;
  const reason = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  throw new Error(`fast-check's seed ${seed}, path ${counterexamplePath}: ${reason}`, {
    cause: errorInstance,
  });
}
