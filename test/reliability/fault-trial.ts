/** One fault at one command of one storage server, during one operation of a client. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Client, FTPError } from 'basic-ftp';
import { content, firstDifference } from '../integration/content.ts';
import { append, receive, store } from '../integration/ftp-session.ts';
import type { Fault } from './faults.ts';
import { checkPool, listTree, settle } from './invariants.ts';
import type { Rig } from './rig.ts';
import { verify } from './upkeep.ts';

export const operations = ['upload', 'overwrite', 'append', 'download', 'delete', 'rename'] as const;
export type Operation = (typeof operations)[number];

export interface Trial {
  readonly fault: Fault;
  /** Number of the storage server. */
  readonly server: number;
  readonly operation: Operation;
  /** How often it strikes: 1, or at every such command. */
  readonly persists: boolean;
}

export type TrialOutcome = 'not reached' | 'succeeded' | 'failed cleanly';

/** The operations during which the coordinator says that command to a storage server. */
export function operationsWith(command: string, plain: boolean): readonly Operation[] {
  switch (command) {
    // The journal goes by STOR where nothing small goes within a line.
    case 'STOR':
      return plain
        ? ['upload', 'overwrite', 'append', 'delete', 'rename']
        : ['upload', 'overwrite', 'append'];
    case 'SITE':
      return plain ? [] : operations;
    case 'SIZE':
    case 'MKD':
      return ['upload', 'overwrite', 'append'];
    case 'RNFR':
    case 'RNTO':
      return plain ? ['upload', 'overwrite', 'append'] : [];
    case 'REST':
      return ['download'];
    case 'RETR':
      return plain ? ['download', 'upload', 'append'] : ['download'];
    case 'DELE':
      return ['delete', 'rename', 'overwrite'];
    default:
      return operations;
  }
}

export function describeTrial({ fault, server, operation, persists }: Trial): string {
  return `${fault.kind} at ${fault.at}${persists ? ', always' : ''}, storage server ${server}, ${operation}`;
}

/** Bytes of the files: so that each data part has more than one block in some, and a short one in others. */
const sizes = [1000, 300_000, 1_300_000];

/**
 * Runs a trial. Whatever the fault does, the operation must succeed with the right bytes, or fail with an FTP reply that
 * names the storage server and leave everything as it was; afterwards the pool must be in order again by itself.
 * @param mustSucceed the layout has parity for this fault
 * @throws Error that says what is wrong
 */
export async function runTrial(
  rig: Rig,
  trial: Trial,
  number: number,
  mustSucceed: boolean,
): Promise<TrialOutcome> {
  const proxy = rig.proxy(trial.server);
  const size = sizes[number % sizes.length] ?? 1000;
  const old = content(size, number);
  const fresh = content(size + 77, number + 1);
  const path = `/trial${number}`;
  const other = `/other${number}`;
  const tree = new Map<string, Buffer | undefined>();
  let session = await rig.session();
  try {
    if (trial.operation !== 'upload') {
      await store(session, path, old);
      tree.set(path, old);
    }
    if (trial.operation === 'rename') {
      await store(session, other, old.subarray(1));
      tree.set(other, old.subarray(1));
    }
    await prepare(rig, trial, session, `/before${number}`);
    proxy.arm(trial.fault, trial.persists ? undefined : 1);
    const failure = await attempt(session, trial.operation, path, other, fresh, old, tree);
    if (trial.operation === 'delete' || trial.operation === 'rename')
      await struckOrQuiet(rig, trial, session);
    const struck = proxy.struck > 0;
    proxy.arm(undefined);
    if (failure !== undefined) requireClean(failure, trial);
    if (failure !== undefined && mustSucceed)
      throw new Error('it failed in spite of parity', { cause: failure });
    // A server that was down a moment ago, to bring it to NOOP, may still count as down.
    if (failure !== undefined && !struck && trial.fault.at !== 'NOOP')
      throw new Error('it failed without a fault', { cause: failure });

    session.close();
    session = await rig.session();
    await dropPartial(session, path, tree);
    if (trial.fault.kind !== 'data-flipped' || trial.fault.at !== 'STOR') await checkPool(rig, session, tree);
    else {
      // Nobody can have noticed: when it is read or verified it is, and with parity nothing is lost.
      await expectDamageNoticed(session, path, tree, mustSucceed);
      if (mustSucceed) {
        await verify(session, '/');
        await checkPool(rig, session, tree);
      }
    }
    if (proxy.dataConnections > 0)
      await settled(() => proxy.dataConnections === 0, 'a data connection is left');
    for (const file of tree.keys()) await session.remove(file);
    await settle(session);
    return !struck ? 'not reached' : failure === undefined ? 'succeeded' : 'failed cleanly';
  } finally {
    proxy.arm(undefined);
    session.close();
  }
}

/** Sees to it that the command will be said: logins need new connections, NOOP needs doubt about an old one. */
async function prepare(rig: Rig, { fault, server }: Trial, session: Client, path: string): Promise<void> {
  const proxy = rig.proxy(server);
  if (['CONNECT', 'USER', 'PASS', 'PWD', 'FEAT'].includes(fault.at)) proxy.resetAll();
  if (fault.at === 'NOOP') {
    await proxy.down();
    await store(session, path, Buffer.from('x')).catch(() => undefined);
    await proxy.up();
    await session.remove(path).catch(() => undefined);
  }
}

/** @returns the error, undefined when it succeeded; changes `tree` as the operation should have */
async function attempt(
  session: Client,
  operation: Operation,
  path: string,
  other: string,
  fresh: Buffer,
  old: Buffer,
  tree: Map<string, Buffer | undefined>,
): Promise<unknown> {
  try {
    switch (operation) {
      case 'upload':
      case 'overwrite':
        await store(session, path, fresh);
        tree.set(path, fresh);
        break;
      case 'append':
        await append(session, path, fresh);
        tree.set(path, Buffer.concat([old, fresh]));
        break;
      case 'download': {
        const offset = Math.floor(old.length / 2);
        const { bytes, error } = await receive(session, path, offset);
        const wanted = old.subarray(offset);
        const arrived = error === undefined ? wanted : wanted.subarray(0, bytes.length);
        const difference = firstDifference(bytes, arrived);
        if (difference !== undefined) throw new Error(`wrong bytes were handed out: ${difference}`);
        return error;
      }
      case 'delete':
        await session.remove(path);
        tree.delete(path);
        break;
      case 'rename':
        await session.rename(path, other);
        tree.delete(path);
        tree.set(other, old);
    }
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Old parts are removed in the background: waits until the fault has struck there, or there is nothing to remove. */
async function struckOrQuiet(rig: Rig, { server }: Trial, session: Client): Promise<void> {
  const proxy = rig.proxy(server);
  for (let tries = 0; tries < 200 && proxy.struck === 0; tries++) {
    const { message } = await session.send('SITE STATUS');
    if (/"garbage":0\b/.test(message)) return;
    await delay(5);
  }
}

function requireClean(failure: unknown, { server }: Trial): void {
  if (!(failure instanceof FTPError)) throw new Error('it failed without a reply', { cause: failure });
  const named = failure.message.includes(`storage server ${server} (`);
  if (failure.code < 400 || !named) {
    throw new Error(`the reply does not name the storage server: ${failure.message}`, { cause: failure });
  }
}

/** It is read right, or an error says which storage server has a damaged part; never a wrong byte. */
async function expectDamageNoticed(
  session: Client,
  path: string,
  tree: ReadonlyMap<string, Buffer | undefined>,
  parity: boolean,
): Promise<void> {
  const wanted = tree.get(path);
  if (wanted === undefined) return;
  const { bytes, error } = await receive(session, path);
  if (error === undefined ? !bytes.equals(wanted) : !bytes.equals(wanted.subarray(0, bytes.length))) {
    throw new Error('wrong bytes were handed out');
  }
  if (error !== undefined && (parity || !/storage server \d/.test(String(error)))) throw error;
}

/** What arrived of a new file is kept to be continued; here it is removed. */
async function dropPartial(session: Client, path: string, tree: Map<string, unknown>): Promise<void> {
  if (tree.has(path)) return;
  if ((await listTree(session, '/')).includes(path))
    throw new Error(`${path} is there, but was not acknowledged`);
  await session.remove(path).catch((error: unknown) => {
    if (!(error instanceof FTPError) || error.code !== 550) throw error;
  });
}

async function settled(condition: () => boolean, what: string): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    if (tries > 400) throw new Error(what);
    await delay(25);
  }
}
