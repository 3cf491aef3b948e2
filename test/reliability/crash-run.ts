/** A coordinator in a process of its own that is killed at a crash point, in the middle of a row of operations. */

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'basic-ftp';
import { type CrashPoint, crashPoints } from '../../src/coordinator/crash-point.ts';
import { content } from '../integration/content.ts';
import { RawClient } from '../integration/ftp-raw-client.ts';
import { append, resume, retrieve, store } from '../integration/ftp-session.ts';
import { freePorts } from '../ports.ts';
import { seedOfRun } from '../seed.ts';
import { CoordinatorProcess } from './coordinator-process.ts';
import { checkCatalogueFile, checkPool, listTree, status, type Tree, where } from './invariants.ts';
import { Random } from './random.ts';
import { Rig, type RigOptions } from './rig.ts';
import { verify } from './upkeep.ts';

type Files = Map<string, Buffer | undefined>;

/** An operation, and what of the tree it changes when it has been done. */
interface Operation {
  readonly name: string;
  run(session: Client, rig: Rig, address: Rig['address']): Promise<unknown>;
  change(files: Files): void;
}

const old = content(700_000, 1);
const added = content(600_000, 2);
const fresh = content(1_300_000, 3);
const small = content(900, 4);

/** Before the coordinator is started to be killed, one of its parts is damaged on its storage server. */
const damagedFile = '/damaged';

const before: Operation[] = [
  ...['/kept', '/replaced', '/from', '/target', '/removed', damagedFile].map((path) => storing(path, old)),
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
    run: goOn,
    change: (files) => files.set('/cut', fresh),
  },
  { name: 'verifying', run: (session) => verify(session, damagedFile), change: () => {} },
  { name: 'draining', run: drainLast, change: () => {} },
  // What is removed in the background comes to its end while the client still does something.
  { name: 'waiting', run: untilQuiet, change: () => {} },
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
async function cutOff(_session: Client, _rig: Rig, { port, account }: Rig['address']): Promise<void> {
  const client = await RawClient.login(port, account.user, account.password);
  try {
    const data = await client.data();
    await client.ask('STOR /cut');
    data.write(fresh.subarray(0, 800_000));
    while (!(await client.ask('STAT')).text.includes('800000 bytes so far')) await delay(5);
    data.resetAndDestroy();
    await client.reply(); // 426, when what arrived has been kept.
  } finally {
    client.destroy();
  }
}

async function goOn(session: Client): Promise<void> {
  const offset = await session.size('/cut');
  await resume(session, '/cut', offset, fresh.subarray(offset));
}

async function damage(session: Client, rig: Rig): Promise<void> {
  const [part] = await where(session, damagedFile);
  const folder = rig.configuration.storageServers[(part?.number ?? 0) - 1]?.folder;
  if (!part || folder === undefined) throw new Error(`${damagedFile} has no parts`);
  const file = join(folder, part.path);
  const bytes = await readFile(file);
  bytes.fill('x', bytes.length / 2, bytes.length / 2 + 10);
  await writeFile(file, bytes);
}

/** With a storage server more than a file has parts, what is on the last one moves to others. */
async function drainLast(session: Client, { configuration }: Rig): Promise<void> {
  const { layout, storageServers } = configuration;
  const count = storageServers.length;
  if (count > layout.dataParts + layout.parityParts) await session.send(`SITE DRAIN ${count}`);
}

/** As long as something goes on in the background that may come by a crash point. */
async function untilQuiet(session: Client): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    const { garbage, repair, draining } = await status(session);
    if (garbage === 0 && (repair?.parts ?? 0) === 0 && draining === 0) return;
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
  const rig = await Rig.start({ timeout: 30, ...options });
  let process: CoordinatorProcess | undefined;
  try {
    const files: Files = new Map();
    const first = await rig.session();
    await perform(first, rig, files);
    if (options.parityParts > 0) await damage(first, rig);
    first.close();
    await rig.stopCoordinator();

    const [port = 0] = await freePorts(1);
    process = new CoordinatorProcess(rig, port, { SPLITFTP_CRASH_POINT: `${point}:${reach}` });
    const underWay = await performUntilCrash(process, rig, files);
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

async function perform(session: Client, rig: Rig, files: Files): Promise<void> {
  for (const operation of before) {
    await operation.run(session, rig, rig.address);
    operation.change(files);
  }
}

/** @returns the operation that got no answer */
async function performUntilCrash(
  process: CoordinatorProcess,
  rig: Rig,
  files: Files,
): Promise<Operation | undefined> {
  let session: Client;
  try {
    session = await process.session();
  } catch {
    return undefined; // It ended while it started.
  }
  try {
    for (const operation of during) {
      try {
        await operation.run(session, rig, process.address);
      } catch (error) {
        if (!(await process.wasKilled())) {
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
  await verify(session, '/'); // The damaged part may not have been noticed before.
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
