/** Steps of the model-based test: each does the same to the coordinator, over FTP, and to the model, and compares. */
import { type Client, FTPError } from 'basic-ftp';
import fc from 'fast-check';
import { content, firstDifference } from '../integration/content.ts';
import { append, receive, store } from '../integration/ftp-session.ts';
import { where } from './invariants.ts';
import type { ModelFileSystem } from './model.ts';
import type { Rig } from './rig.ts';

/** The system under test: its session is opened again whenever it was lost. */
export class RealPool {
  readonly rig: Rig;
  /** Numbers of the storage servers that are down. */
  readonly down = new Set<number>();
  /** Parts that a storage server may miss. */
  readonly parityParts: number;
  steps = 0;
  #session: Client | undefined;

  constructor(rig: Rig, parityParts: number) {
    this.rig = rig;
    this.parityParts = parityParts;
  }

  async session(): Promise<Client> {
    if (!this.#session || this.#session.closed) this.#session = await this.rig.session();
    return this.#session;
  }

  endSession(): void {
    this.#session?.close();
    this.#session = undefined;
  }

  /** @returns undefined when it was done, or the reply that refused it */
  async try(work: (session: Client) => Promise<unknown>): Promise<FTPError | undefined> {
    try {
      await work(await this.session());
      return undefined;
    } catch (error) {
      if (error instanceof FTPError) return error;
      throw error;
    }
  }
}

type Step = fc.AsyncCommand<ModelFileSystem, RealPool>;

abstract class Command implements Step {
  check(): boolean {
    return true;
  }

  async run(model: ModelFileSystem, real: RealPool): Promise<void> {
    real.steps += 1;
    await this.step(model, real);
  }

  abstract step(model: ModelFileSystem, real: RealPool): Promise<void>;
  abstract toString(): string;
}

function command(name: string, step: (model: ModelFileSystem, real: RealPool) => Promise<void>): Step {
  return new (class extends Command {
    override step = step;
    override toString = () => name;
  })();
}

function demand(condition: boolean, what: string, cause?: unknown): void {
  if (!condition) throw new Error(what, { cause });
}

/** What both say of an operation that concerns names alone: storage servers that are down do not matter to it. */
function sameVerdict(refused: string | undefined, failure: FTPError | undefined): void {
  demand(refused === undefined || failure !== undefined, 'it was done, but should have been refused');
  demand(refused !== undefined || failure === undefined, `it was refused: ${failure?.message}`, failure);
}

/** Few, so that steps meet each other's files; folders three deep. */
const path = fc
  .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 })
  .map((names) => `/${names.join('/')}`);
/** Around the limits of a block and a stripe too, but mostly small. */
const size = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 0, max: 2000 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 1, 2, 3, 262_143, 262_144, 262_145, 524_288, 1_048_577) },
);
const seed = fc.nat(1_000_000);

export function commands(storageServers: number): fc.Arbitrary<Step>[] {
  const server = fc.integer({ min: 1, max: storageServers });
  return [
    ...times(
      5,
      fc.tuple(path, size, seed).map(([at, bytes, from]) => storing('store', at, bytes, from)),
    ),
    ...times(
      2,
      fc.tuple(path, size, seed).map(([at, bytes, from]) => storing('append', at, bytes, from)),
    ),
    ...times(
      4,
      fc.tuple(path, fc.double({ min: 0, max: 1, noNaN: true })).map(([at, share]) => reading(at, share)),
    ),
    ...times(
      3,
      fc.tuple(path, path).map(([from, to]) => renaming(from, to)),
    ),
    ...times(2, path.map(removing)),
    ...times(3, path.map(makingFolder)),
    ...times(1, path.map(removingFolder)),
    ...times(2, path.map(listing)),
    ...times(2, server.map(goingDown)),
    ...times(2, server.map(comingUp)),
    fc.constant(
      command('restart the coordinator', async (_model, real) => {
        real.endSession();
        await real.rig.stopCoordinator();
        await real.rig.startCoordinator();
      }),
    ),
  ];
}

function times<T>(count: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T>[] {
  return Array.from({ length: count }, () => arbitrary);
}

function storing(how: 'store' | 'append', at: string, bytes: number, from: number): Step {
  return command(`${how} ${at}, ${bytes} bytes of ${from}`, async (model, real) => {
    const added = content(bytes, from);
    const failure = await real.try((session) => (how === 'store' ? store : append)(session, at, added));
    if (!model.takesFile(at)) {
      demand(failure !== undefined, `${at} cannot be a file`);
      return;
    }
    if (failure === undefined) {
      const before = how === 'append' ? (model.tree.get(at) ?? Buffer.alloc(0)) : Buffer.alloc(0);
      model.store(at, Buffer.concat([before, added]));
      return;
    }
    demand(real.down.size > 0, `it was refused with every storage server up: ${failure.message}`, failure);
    demand(
      real.down.size > real.parityParts,
      `it was refused in spite of parity: ${failure.message}`,
      failure,
    );
    demand(/storage server/.test(failure.message), `the reply names no storage server: ${failure.message}`);
    await dropPartial(model, real, at);
  });
}

/** What arrived of a new file is kept to be continued; the model knows nothing of that. */
async function dropPartial(model: ModelFileSystem, real: RealPool, at: string): Promise<void> {
  if (model.kindOf(at) === undefined) await real.try((session) => session.remove(at));
}

function reading(at: string, share: number): Step {
  return command(`read ${at} from ${share.toFixed(3)} on`, async (model, real) => {
    const whole = model.tree.get(at);
    const offset = Math.floor(share * (whole?.length ?? 0));
    const session = await real.session();
    // Not afterwards: what is being repaired meanwhile may be stored by then.
    const hasParts = whole !== undefined && (await isReadable(session, at, real.down));
    const { bytes, error } = await receive(session, at, offset);
    if (error !== undefined && !(error instanceof FTPError)) throw error;
    if (whole === undefined) {
      demand(error !== undefined, `${at} is no file and was read`);
      return;
    }
    const wanted = whole.subarray(offset);
    const difference = firstDifference(
      bytes,
      error === undefined ? wanted : wanted.subarray(0, bytes.length),
    );
    demand(difference === undefined, `${at}: ${difference}`);
    if (error === undefined) return;
    demand(/storage server/.test(error.message), `the reply names no storage server: ${error.message}`);
    demand(!hasParts, `it could be read, but was not: ${error.message}`, error);
  });
}

/** Whether every segment of a file has enough parts on storage servers that are up. */
async function isReadable(session: Client, at: string, down: ReadonlySet<number>): Promise<boolean> {
  const parts = await where(session, at);
  const segments = new Map<number, { data: number; there: number }>();
  for (const part of parts) {
    const counts = segments.get(part.segment) ?? { data: 0, there: 0 };
    if (part.role === 'data') counts.data += 1;
    // One that the coordinator still takes for unreachable may be back.
    if (part.state !== 'missing' && !down.has(part.number)) counts.there += 1;
    segments.set(part.segment, counts);
  }
  return [...segments.values()].every(({ data, there }) => there >= data);
}

function renaming(from: string, to: string): Step {
  return command(`rename ${from} to ${to}`, async (model, real) => {
    sameVerdict(model.rename(from, to), await real.try((session) => session.rename(from, to)));
  });
}

function removing(at: string): Step {
  return command(`remove ${at}`, async (model, real) => {
    sameVerdict(model.removeFile(at), await real.try((session) => session.remove(at)));
  });
}

function makingFolder(at: string): Step {
  return command(`make folder ${at}`, async (model, real) => {
    sameVerdict(model.makeFolder(at), await real.try((session) => session.send(`MKD ${at}`)));
  });
}

function removingFolder(at: string): Step {
  return command(`remove folder ${at}`, async (model, real) => {
    sameVerdict(model.removeFolder(at), await real.try((session) => session.send(`RMD ${at}`)));
  });
}

function listing(at: string): Step {
  return command(`list ${at}`, async (model, real) => {
    const session = await real.session();
    for (const each of [at, '/']) {
      if (model.kindOf(each) !== 'folder') continue;
      const found = (await session.list(each)).map(({ name }) => name).sort();
      const expected = model.children(each);
      demand(found.join() === expected.join(), `${each} holds ${found.join()} instead of ${expected.join()}`);
    }
    if (model.kindOf(at) === undefined) {
      demand((await real.try((session) => session.size(at))) !== undefined, `${at} is there`);
    }
  });
}

function goingDown(server: number): Step {
  return command(`storage server ${server} goes down`, async (_model, real) => {
    await real.rig.proxy(server).down();
    real.down.add(server);
  });
}

function comingUp(server: number): Step {
  return command(`storage server ${server} comes up`, async (_model, real) => {
    await real.rig.proxy(server).up();
    real.down.delete(server);
  });
}
