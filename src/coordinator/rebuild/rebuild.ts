import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Configuration } from '../../config/configuration.ts';
import type { Log } from '../../log/log.ts';
import { RestoredCatalogue, type RestoredTotals } from '../catalogue/restored-catalogue.ts';
import { catalogueName } from '../catalogue/schema.ts';
import { storeSnapshot } from '../journal/snapshot-store.ts';
import { Pool } from '../pool/pool.ts';
import type { StorageServer } from '../pool/storage-server.ts';
import { listParts } from './part-listing.ts';
import { RebuildError } from './rebuild-error.ts';
import { type Replayed, replayJournal } from './replay.ts';
import { salvageParts } from './salvage.ts';
import { listJournal } from './stored-journal.ts';
import { choosePool, type Survey, surveyServers } from './survey.ts';

/** Lost files that are named. */
const lostFilesShown = 10;

export interface RebuildOptions {
  /** The coordinator's, absolute. */
  readonly folder: string;
  readonly storageServers: Configuration['storageServers'];
  /** Id of the pool, where the servers hold several. */
  readonly pool?: string;
  /** Go on although changes may be missing that clients were told of. */
  readonly acceptLoss: boolean;
  /** Save what the parts tell, without the journal. */
  readonly fromParts?: boolean;
  readonly log: Log;
  /** A line for the person who waits. */
  readonly onProgress: (message: string) => void;
  /** Ends it, and nothing is left in the folder. */
  readonly signal?: AbortSignal;
}

export interface RebuildResult extends RestoredTotals {
  readonly pool: string;
  /** The first of the files of which fewer parts are left than it takes. */
  readonly lostFiles: readonly string[];
}

/**
 * Makes the catalogue anew from what lies on the storage servers. The coordinator must not run; its folder has a
 * catalogue only when all of it was restored.
 * @throws RebuildError telling what stands against it; the signal's reason
 */
export async function rebuildCatalogue(options: RebuildOptions): Promise<RebuildResult> {
  const { folder, storageServers, log, onProgress, signal } = options;
  const target = join(folder, catalogueName);
  refuseCatalogue(target, folder);
  const survey = await surveyServers(storageServers);
  const poolId = choosePool(survey, options.pool);
  onProgress(`pool ${poolId}`);
  for (const reason of survey.unreachable.values()) onProgress(reason);
  signal?.throwIfAborted();
  await mkdir(folder, { recursive: true });
  // Of its own, should somebody rebuild twice at the same time.
  const workFolder = await mkdtemp(join(folder, 'rebuild-'));
  const draft = join(workFolder, catalogueName);
  const pool = new Pool(poolId, storageServers, log);
  const catalogue = new RestoredCatalogue(draft, poolId);
  const end = () => pool.close(); // Whatever waits for a storage server then fails.
  signal?.addEventListener('abort', end);
  let closed = false;
  try {
    const servers = survey.reachable.map((number) => pool.server(number));
    const files = await listJournal(poolId, servers);
    let replayed: Pick<Replayed, 'generation' | 'copies' | 'sequence' | 'lastSeen'>;
    if (options.fromParts) {
      await listAllParts(catalogue, servers, poolId, onProgress);
      await salvageParts({ pool: poolId, server: (number) => pool.server(number), catalogue, onProgress });
      const lastSeen = Math.max(0, ...files.map(({ last }) => last));
      replayed = { generation: files.at(-1)?.generation ?? 0, copies: 1, sequence: 0, lastSeen };
    } else {
      const whole = await replayJournal({ pool: poolId, files, folder: workFolder, catalogue, onProgress });
      refuseLoss(whole, silentServers(survey, pool, poolId), options.acceptLoss, onProgress);
      await listAllParts(catalogue, servers, poolId, onProgress);
      replayed = whole;
    }
    catalogue.locateParts([...survey.unreachable.keys()]);
    catalogue.complete(replayed.generation + 1, Math.max(replayed.sequence, replayed.lastSeen));
    const result = { pool: poolId, lostFiles: catalogue.lostFiles(lostFilesShown), ...catalogue.totals() };
    // The next catalogue has a journal of its own, which begins with all there is.
    const { holders, range } = await storeSnapshot({
      outbox: catalogue.outbox,
      pool: poolId,
      copies: replayed.copies,
      servers,
      folder: workFolder,
      onFailure: (_server, reason) => onProgress(`no snapshot there: ${reason}`),
    });
    signal?.throwIfAborted();
    if (holders.length >= Math.min(replayed.copies, servers.length))
      catalogue.outbox.markSnapshot(range.first);
    catalogue.close();
    closed = true;
    refuseCatalogue(target, folder);
    await rename(draft, target);
    return result;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', end);
    if (!closed) catalogue.close();
    pool.close();
    await rm(workFolder, { recursive: true, force: true });
  }
}

/** A log beside a catalogue of that name would be taken for its own, whoever wrote it. @throws RebuildError */
function refuseCatalogue(target: string, folder: string): void {
  if (![target, `${target}-wal`, `${target}-journal`].some((path) => existsSync(path))) return;
  throw new RebuildError(
    `There is a catalogue in ${folder}, which "splitftp serve" uses: move ${catalogueName}* away if it is broken.`,
  );
}

/** The servers that tell nothing of the pool, with why; what was on them is lost, or yet to come. */
function silentServers(
  { pools, reachable, unreachable }: Survey,
  pool: Pool,
  poolId: string,
): Map<number, string> {
  const empty = reachable.filter((number) => !pools.get(poolId)?.includes(number));
  return new Map([
    ...unreachable,
    ...empty.map((number) => [number, `${pool.server(number).name} holds nothing of the pool`] as const),
  ]);
}

/** Whether records that were acknowledged may be on servers that are down, and only there. */
function refuseLoss(
  { gap, copies, sequence }: Replayed,
  silent: ReadonlyMap<number, string>,
  acceptLoss: boolean,
  onProgress: (message: string) => void,
): void {
  const tooMany =
    silent.size >= copies
      ? `Changes may be missing: each is on ${copies} of the storage servers, and ${silent.size} cannot tell.`
      : undefined;
  const problem = gap ?? tooMany;
  if (problem === undefined) return;
  const reasons = [...silent.values()].map((reason) => `\n  ${reason}`).join('');
  if (!acceptLoss) {
    const remedy =
      silent.size > 0 ? 'Start these servers and try again' : 'The parts may tell more (--from-parts)';
    throw new RebuildError(
      `${problem}${reasons}\n${remedy}, or go on without those changes, with what was stored up to record ${sequence} (--accept-loss).`,
    );
  }
  onProgress(`${problem} Going on with what was stored up to record ${sequence}.`);
}

async function listAllParts(
  catalogue: RestoredCatalogue,
  servers: readonly StorageServer[],
  pool: string,
  onProgress: (message: string) => void,
): Promise<void> {
  await Promise.all(
    servers.map(async (server) => {
      let count = 0;
      await listParts(server, pool, (parts) => {
        count += parts.length;
        catalogue.found(server.number, parts);
      });
      onProgress(`${count} parts on ${server.name}`);
    }),
  );
}
