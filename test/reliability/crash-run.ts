/** A coordinator in a process of its own that is killed at a crash point, in the middle of a row of operations. */

import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'basic-ftp';
import { toEnvironment } from '../../src/config/load.ts';
import { type CrashPoint, crashPoints } from '../../src/coordinator/crash-point.ts';
import { ChildServer } from '../../src/servers/child-server.ts';
import { content } from '../integration/content.ts';
import { append, openSession, resume, retrieve, store } from '../integration/ftp-session.ts';
import { freePorts } from '../ports.ts';
import { checkCatalogueFile, checkPool, listTree, type Tree } from './invariants.ts';
import { Random } from './random.ts';
import { Rig, type RigOptions, seedOfRun } from './rig.ts';

const program = resolve(import.meta.dirname, '../../src/coordinator/main.ts');

type Files = Map<string, Buffer | undefined>;

/** An operation, and what of the tree it changes when it has been done. */
interface Operation {
  readonly name: string;
  run(session: Client): Promise<unknown>;
  change(files: Files): void;
}

const old = content(700_000, 1);
const added = content(600_000, 2);
const fresh = content(1_300_000, 3);
const small = content(900, 4);

const before: Operation[] = [
  ...['/kept', '/replaced', '/from', '/target', '/removed'].map((path) => storing(path, old)),
  making('/folder'),
];

/** So that every crash point is passed. */
const during: Operation[] = [
  storing('/new', fresh),
  storing('/replaced', small),
  {
    name: 'append',
    run: (session) => append(session, '/kept', added),
    change: (files) => files.set('/kept', Buffer.concat([old, added])),
  },
  {
    name: 'rename over a file',
    run: (session) => session.rename('/from', '/target'),
    change: (files) => {
      files.delete('/from');
      files.set('/target', old);
    },
  },
  {
    name: 'remove',
    run: (session) => session.remove('/removed'),
    change: (files) => files.delete('/removed'),
  },
  making('/folder/inner'),
  {
    name: 'remove a folder',
    run: (session) => session.send('RMD /folder/inner'),
    change: (files) => files.delete('/folder/inner'),
  },
  {
    name: 'set a time',
    run: (session) => session.send('MFMT 20200102030405 /new'),
    change: () => {},
  },
  {
    name: 'read',
    run: async (session) => {
      if (!(await retrieve(session, '/new')).equals(fresh)) throw new Error('/new is another one');
    },
    change: () => {},
  },
  { name: 'an upload that is cut off', run: cutOff, change: () => {} },
  {
    name: 'going on with it',
    run: async (session) =>
      resume(session, '/cut', await session.size('/cut'), fresh.subarray(await session.size('/cut'))),
    change: (files) => files.set('/cut', fresh),
  },
  // What is removed in the background comes to its end while the client still does something.
  { name: 'waiting', run: untilCollected, change: () => {} },
];

function storing(path: string, bytes: Buffer): Operation {
  return {
    name: `store ${path}`,
    run: (session) => store(session, path, bytes),
    change: (files) => files.set(path, bytes),
  };
}

function making(path: string): Operation {
  return {
    name: `make ${path}`,
    run: (session) => session.send(`MKD ${path}`),
    change: (files) => files.set(path, undefined),
  };
}

/** The data connection is reset in the middle: what has arrived is kept as a partial upload. */
async function cutOff(session: Client): Promise<void> {
  const source = async function* () {
    yield fresh.subarray(0, 800_000);
    await delay(100); // Some of it shall be on its way; how much does not matter.
    session.ftp.dataSocket?.resetAndDestroy();
  };
  await session.uploadFrom(Readable.from(source(), { objectMode: false }), '/cut').catch(() => undefined);
  if (session.closed) throw new Error('the coordinator is gone');
}

async function untilCollected(session: Client): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const { message } = await session.send('SITE STATUS');
    if (/"garbage":0\b/.test(message)) return;
    await delay(20);
  }
}

export interface CrashOutcome {
  /** Whether the coordinator came by that point so often. */
  readonly reached: boolean;
  /** The operation that was under way; undefined when that was none. */
  readonly during: string | undefined;
}

/**
 * Kills the coordinator at a point and starts it again: what it had acknowledged must be there, what was under way done
 * wholly or not at all, and nothing else on the storage servers.
 * @param reach the how manyeth time it comes by the point
 * @throws Error that says what is wrong
 */
export async function crashAt(point: string, reach: number, options: RigOptions): Promise<CrashOutcome> {
  const rig = await Rig.start(options);
  let process: CoordinatorProcess | undefined;
  try {
    const files: Files = new Map();
    await perform(await rig.session(), before, files);
    await rig.stopCoordinator();

    const [port = 0] = await freePorts(1);
    process = new CoordinatorProcess(rig, port, { SPLITFTP_CRASH_POINT: `${point}:${reach}` });
    const underWay = await performUntilCrash(process, files);
    const reached = await process.wasKilled();
    await process.end();

    await rig.startCoordinator();
    const session = await rig.session();
    await removePartial(session, files, underWay);
    await checkEither(rig, session, files, underWay);
    session.close();
    await rig.stopCoordinator();
    checkCatalogueFile(rig.configuration.coordinator.folder);
    return { reached, during: underWay?.name };
  } finally {
    await process?.end();
    await rig.stop();
  }
}

async function perform(session: Client, operations: readonly Operation[], files: Files): Promise<void> {
  for (const operation of operations) {
    await operation.run(session);
    operation.change(files);
  }
  session.close();
}

/** @returns the operation that got no answer */
async function performUntilCrash(process: CoordinatorProcess, files: Files): Promise<Operation | undefined> {
  let session: Client;
  try {
    session = await process.session();
  } catch {
    return undefined; // It ended while it started.
  }
  try {
    for (const operation of during) {
      try {
        await operation.run(session);
      } catch (error) {
        if (!session.closed && !(await process.wasKilled())) {
          throw new Error(`${operation.name} failed though nothing crashed`, { cause: error });
        }
        return operation;
      }
      operation.change(files);
    }
    return undefined;
  } finally {
    session.close();
  }
}

async function removePartial(session: Client, files: Files, underWay: Operation | undefined): Promise<void> {
  for (const path of ['/new', '/cut']) {
    const mayBeThere =
      files.has(path) || underWay?.name === `store ${path}` || underWay?.name === 'going on with it';
    const listed = (await listTree(session, '/')).includes(path);
    if (listed && !mayBeThere) throw new Error(`${path} is there, but was never stored`);
    if (!listed) await session.remove(path).catch(() => undefined);
  }
}

async function checkEither(
  rig: Rig,
  session: Client,
  files: Files,
  underWay: Operation | undefined,
): Promise<void> {
  const done = new Map(files);
  underWay?.change(done);
  const asBefore = await matches(session, files);
  const tree = asBefore || !underWay ? files : done;
  await checkPool(rig, session, tree);
}

/** Whether names and sizes are these; {@link checkPool} then compares everything. */
async function matches(session: Client, tree: Tree): Promise<boolean> {
  if ((await listTree(session, '/')).join() !== [...tree.keys()].sort().join()) return false;
  for (const [path, bytes] of tree) {
    if (bytes !== undefined && (await session.size(path)) !== bytes.length) return false;
  }
  return true;
}

class CoordinatorProcess {
  readonly #server: ChildServer;
  readonly #address: Rig['address'];

  constructor(rig: Rig, port: number, environment: Readonly<Record<string, string>>) {
    const { coordinator } = rig.configuration;
    const configuration = { ...rig.configuration, coordinator: { ...coordinator, port } };
    this.#address = configuration.coordinator;
    this.#server = new ChildServer({
      name: 'coordinator',
      program,
      args: [],
      environment: { PATH: process.env.PATH, ...toEnvironment(configuration), ...environment },
      onLine: () => {},
    });
  }

  async session(): Promise<Client> {
    await this.#server.ready;
    return openSession(this.#address);
  }

  /** Whether it has ended by SIGKILL, or does so within a moment. */
  async wasKilled(): Promise<boolean> {
    const how = await Promise.race([this.#server.gone, delay(500, '')]);
    if (how !== '' && !how.includes('SIGKILL')) throw new Error(how);
    return how !== '';
  }

  async end(): Promise<void> {
    await this.#server.stop();
  }
}

export interface CrashToTry {
  readonly point: CrashPoint;
  readonly reaches: readonly number[];
}

/** Transactions of the catalogue that the operations take, at least. */
const transactions = 30;

/**
 * Every point at the first time it is passed, the transactions' at some that the seed chooses; with
 * `SPLITFTP_CRASH_REACHES=n` at each of the first n times.
 */
export function crashesToTry(): CrashToTry[] {
  const most = Number(process.env.SPLITFTP_CRASH_REACHES ?? 1);
  const random = new Random(seedOfRun());
  return crashPoints.map((point) => {
    const every = point.startsWith('transaction.') ? Math.max(transactions, most) : most;
    const all = Array.from({ length: every }, (_, index) => index + 1);
    if (every === most) return { point, reaches: all };
    return { point, reaches: [1, 2 + random.below(every - 1), 2 + random.below(every - 1)] };
  });
}
