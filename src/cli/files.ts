/** `splitftp ls`, `mv`, `rm`, `mkdir`. */
import type { Command } from 'commander';
import type { SplitClient } from '../client/split-client.ts';
import type { RemoteEntry } from '../client/transfer.ts';
import { formatBytes, formatTable, formatTime } from './format.ts';
import { addCommand, type CommonOptions, printJson, remotePath, UsageError, withClient } from './session.ts';

export function addFileCommands(program: Command): void {
  addCommand(program, 'ls', 'list a folder', ['ls', 'ls -l /films', 'ls --json /films'])
    .argument('[path]', 'file or folder on the coordinator', '/')
    .option('-l, --long', 'with sizes and modification times')
    .option('--json', 'as JSON, sizes in bytes')
    .action(list);
  addCommand(program, 'mv', 'move or rename files and folders', [
    'mv /film.mkv /films/         # into the folder',
    'mv /films/a.mkv /films/b.mkv # replaces b.mkv',
    'mv /a.jpg /b.jpg /pictures   # several into a folder',
  ])
    .argument('<paths...>', 'what to move, and at last where to')
    .action(move);
  addCommand(program, 'rm', 'remove files, or folders with all that is in them', [
    'rm /film.mkv',
    'rm -r /films /pictures',
  ])
    .argument('<paths...>', 'files and folders on the coordinator')
    .option('-r, --recursive', 'folders too, with all that is in them')
    .action(remove);
  addCommand(program, 'mkdir', 'make folders', ['mkdir /films', 'mkdir -p /films/old/silent'])
    .argument('<paths...>', 'folders on the coordinator')
    .option('-p, --parents', 'the folders above them too; one that exists is not an error')
    .action(make);
}

async function list(path: string, options: CommonOptions & { long?: true; json?: true }): Promise<void> {
  const entries = await withClient(options, async (client) => {
    const entry = await existing(client, path);
    return entry.kind === 'directory' ? client.list(entry.path) : [entry];
  });
  if (options.json) printJson(entries);
  else if (options.long) process.stdout.write(formatTable(['', '>', '', ''], entries.map(longRow)));
  else process.stdout.write(entries.map((entry) => `${shownName(entry)}\n`).join(''));
}

async function move(paths: string[], options: CommonOptions): Promise<void> {
  const [target, ...reversed] = paths.map(remotePath).reverse();
  const sources = reversed.reverse();
  if (target === undefined || sources.length === 0) {
    throw new UsageError('mv needs what to move and where to, as in: splitftp mv /a /b');
  }
  await withClient(options, async (client) => {
    const folder = (await client.stat(target))?.kind === 'directory';
    if (!folder && (sources.length > 1 || target.endsWith('/'))) {
      throw new Error(`${target} is not a folder: make it with splitftp mkdir`);
    }
    for (const source of sources) {
      const { path, name } = await existing(client, source);
      await about(source, client.rename(path, folder ? `${target}/${name}` : target));
    }
  });
}

async function remove(paths: string[], options: CommonOptions & { recursive?: true }): Promise<void> {
  await withClient(options, async (client) => {
    for (const path of paths) {
      const entry = await existing(client, path);
      if (entry.kind === 'directory' && !options.recursive) {
        throw new Error(`${path} is a folder: use rm -r to remove it with all that is in it`);
      }
      await about(path, client.remove(entry.path));
    }
  });
}

async function make(paths: string[], options: CommonOptions & { parents?: true }): Promise<void> {
  await withClient(options, async (client) => {
    for (const path of paths) {
      await about(path, client.makeDirectory(remotePath(path), { parents: options.parents === true }));
    }
  });
}

async function existing(client: SplitClient, path: string): Promise<RemoteEntry> {
  const entry = await client.stat(remotePath(path));
  if (entry === undefined) throw new Error(`${path}: there is no such file or folder on the coordinator`);
  return entry;
}

/** Says which of several paths a failure is about. */
async function about<T>(path: string, work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(message.includes(path) ? message : `${path}: ${message}`, { cause: error });
  });
}

function longRow(entry: RemoteEntry): string[] {
  const folder = entry.kind === 'directory';
  return [
    folder ? 'folder' : 'file',
    folder ? '-' : formatBytes(entry.size),
    formatTime(entry.modified),
    shownName(entry),
  ];
}

function shownName({ name, kind }: RemoteEntry): string {
  return `${name}${kind === 'directory' ? '/' : ''}`;
}
