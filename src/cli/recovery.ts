/** `splitftp rebuild`, `splitftp join`: when something is lost. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { basename } from 'node:path/posix';
import type { Command } from 'commander';
import { localNameProblem } from '../client/local-names.ts';
import type { Configuration } from '../config/configuration.ts';
import { isLocal } from '../config/loopback.ts';
import { joinFile } from '../coordinator/join/join.ts';
import { JoinError } from '../coordinator/join/join-error.ts';
import { findParts, type LocalFile } from '../coordinator/join/part-search.ts';
import { rebuildCatalogue } from '../coordinator/rebuild/rebuild.ts';
import { RebuildError } from '../coordinator/rebuild/rebuild-error.ts';
import { createLog } from '../log/log.ts';
import { LocalServers } from '../servers/local-servers.ts';
import { formatBytes, plural } from './format.ts';
import { interruptible } from './interruption.ts';
import { programFile } from './servers.ts';
import { addCommand, type CommonOptions, readConfiguration, remotePath, UsageError } from './session.ts';

interface RebuildCommandOptions extends CommonOptions {
  readonly pool?: string;
  readonly acceptLoss?: true;
  readonly fromParts?: true;
}

export function addRecoveryCommands(program: Command): void {
  addCommand(program, 'rebuild', 'make a lost catalogue anew from the storage servers', [
    'rebuild',
    'rebuild --env my.env',
    'rebuild --pool splitftp-0123456789ab',
  ])
    .option('--pool <id>', 'which pool, where the storage servers hold several')
    .option('--accept-loss', 'go on although changes are missing that were only on servers that are down')
    .option(
      '--from-parts',
      'without the journal: files as their parts tell, with the paths that they had first',
    )
    .action(rebuild);
  program
    .command('join')
    .description('put a file together from its parts in local folders, with no server and no catalogue')
    .argument('<parts...>', "part files, or folders that hold them: copies of the storage servers' folders")
    .option('-o, --output <file>', 'file or folder where to write it (default: its own name, here)')
    .option('--file <path>', 'which file, by its path or id, where the parts are of several')
    .option('--force', 'replace an existing file')
    .addHelpText(
      'after',
      `\nExamples:\n${[
        'join storage_folder1 storage_folder2 --file /photos/cat.jpg -o cat.jpg',
        'join ~/backup/*.0 ~/backup/*.1',
      ]
        .map((example) => `  $ splitftp ${example}\n`)
        .join('')}`,
    )
    .action(joinParts);
}

interface JoinOptions {
  readonly output?: string;
  readonly file?: string;
  readonly force?: true;
}

async function joinParts(
  paths: readonly string[],
  { output, file: wanted, force }: JoinOptions,
): Promise<void> {
  const { files, unusable } = await findParts(paths);
  for (const reason of unusable) process.stderr.write(`passed over ${reason}\n`);
  const file = chooseFile(files, wanted);
  const target = await targetOf(file, output);
  const { bytes, segments, restoredBlocks } = await interruptible((interrupted) =>
    joinFile(file, target, force === true, interrupted),
  );
  const restored = restoredBlocks > 0 ? `; ${plural(restoredBlocks, 'block')} made from parity` : '';
  print(
    `${target}: ${formatBytes(bytes)} from ${plural(segments, 'segment')}, all checksums right${restored}`,
  );
}

/** Into a folder that exists the file goes under its own name. */
async function targetOf({ path }: LocalFile, output: string | undefined): Promise<string> {
  const isFolder = output === undefined || (await stat(output).catch(() => undefined))?.isDirectory();
  if (!isFolder) return output;
  const name = basename(path);
  const problem = localNameProblem(name);
  if (problem !== undefined) throw new UsageError(`${problem}: name a file with -o`);
  return join(output ?? '', name);
}

function chooseFile(files: readonly LocalFile[], wanted: string | undefined): LocalFile {
  const matching =
    wanted === undefined
      ? files
      : files.filter(({ id, path }) => id === wanted || path === remotePath(wanted));
  const [first, second] = matching;
  if (first && !second) return first;
  if (files.length === 0) throw new JoinError('There are no parts.');
  const shown = (first ? matching : files).map(({ id, path, written }) => `  ${id}  ${written}  ${path}`);
  const why = first
    ? 'The parts are of several files (or versions of one)'
    : `There is no part of ${wanted} here, but of others`;
  throw new UsageError(`${why}; choose one with --file:\n${shown.sort().join('\n')}`);
}

async function rebuild({ pool, acceptLoss, fromParts, ...options }: RebuildCommandOptions): Promise<void> {
  const configuration = await readConfiguration(options);
  const { coordinator, storageServers } = configuration;
  if (await listens(coordinator)) {
    throw new RebuildError(
      `Something answers at ${coordinator.host}:${coordinator.port}, where the coordinator of this configuration listens: stop it first, so that nothing changes meanwhile.`,
    );
  }
  const result = await interruptible((interrupted) =>
    withStorageServers(configuration, () =>
      rebuildCatalogue({
        folder: coordinator.folder,
        storageServers,
        ...(pool !== undefined && { pool }),
        acceptLoss: acceptLoss === true,
        fromParts: fromParts === true,
        log: createLog('rebuild', 'silent'),
        onProgress: print,
        signal: interrupted,
      }),
    ),
  );
  const { files, folders, bytes, missingParts, movedParts, strayParts, lostFiles } = result;
  const lines = [
    `rebuilt: ${plural(files, 'file')} and ${plural(folders, 'folder')}, ${formatBytes(bytes)}`,
    ...(movedParts > 0 ? [`${plural(movedParts, 'part')} found on another server than recorded`] : []),
    ...(missingParts > 0
      ? [`${plural(missingParts, 'part')} missing; repaired once the coordinator runs`]
      : []),
    ...(strayParts > 0 ? [`${plural(strayParts, 'part')} of no file, left where they are`] : []),
    ...(lostFiles.length > 0 ? [`too few parts are left of: ${lostFiles.join(', ')}`] : []),
    'Start the coordinator with "splitftp serve" or "splitftp coordinator".',
  ];
  for (const line of lines) print(line);
  if (lostFiles.length > 0) process.exitCode = 1;
}

/** Runs a task while the storage servers of this machine run; those that nobody has started are started for it. */
async function withStorageServers<T>(configuration: Configuration, task: () => Promise<T>): Promise<T> {
  const local = configuration.storageServers.filter(isLocal);
  const idle = await Promise.all(local.map(async (server) => ((await listens(server)) ? [] : [server])));
  const servers = new LocalServers({
    programs: { storage: programFile('storage'), coordinator: programFile('coordinator') },
    logLevel: 'error',
    onLine: (_server, line, stream) => {
      if (stream === 'stderr') process.stderr.write(`${line}\n`);
    },
    onExit: (_server, message) => print(message),
  });
  try {
    for (const { number, folder } of idle.flat()) {
      // A disk that is not there must not be taken for an empty one.
      if (existsSync(folder)) await servers.startStorageServers(configuration, [number]);
    }
    return await task();
  } finally {
    await servers.stop();
  }
}

async function listens({ host, port }: { readonly host: string; readonly port: number }): Promise<boolean> {
  const socket = connect(port, host);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
