/** `splitftp upload` and `splitftp download`. */
import { stat } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import type { SplitClient } from '../client/split-client.ts';
import type { TransferOptions, TransferResult } from '../client/transfer.ts';
import { formatBytes, formatDuration, plural } from './format.ts';
import { interruptible } from './interruption.ts';
import { ProgressLine } from './progress-line.ts';
import { addCommand, type CommonOptions, printJson, remotePath, UsageError, withClient } from './session.ts';

interface TransferCommandOptions extends CommonOptions {
  readonly to?: string;
  readonly clobber: boolean;
  readonly json?: true;
}

type Transfer = (client: SplitClient, options: TransferOptions) => Promise<TransferResult>;

export function addTransferCommands(program: Command): void {
  const upload = addCommand(program, 'upload', 'split files and folders, and store them', [
    'upload film.mkv                  # becomes /film.mkv',
    'upload film.mkv /films/          # becomes /films/film.mkv',
    'upload film.mkv /films/best.mkv  # becomes exactly that, unless it is a folder',
    'upload *.jpg holidays /pictures  # all into /pictures',
    'upload --to /pictures "$HOME"/p* # local paths that begin with / too',
  ]);
  upload
    .argument(
      '<local...>',
      'files and folders; a last one that begins with / is the target on the coordinator (default: /)',
    )
    .option('--to <remote>', 'target on the coordinator; all arguments are then local')
    .action((paths: string[], options: TransferCommandOptions) =>
      runTransfer('uploaded', options, async (client, transferOptions) => {
        const { sources, target } = await uploadTarget(client, paths, options.to);
        const [only = '', ...others] = sources;
        const into =
          others.length > 0 ||
          target.endsWith('/') ||
          (await client.stat(remotePath(target)))?.kind === 'directory';
        return into
          ? client.upload(sources, remotePath(target), transferOptions)
          : client.uploadFile(only, remotePath(target), transferOptions);
      }),
    );
  const download = addCommand(program, 'download', 'combine files and folders again', [
    'download /film.mkv               # becomes ./film.mkv',
    'download /films .                # becomes ./films',
    'download /film.mkv other.mkv     # becomes exactly that, unless it is a folder',
    'download /a.jpg /b.jpg pictures/ # all into pictures',
  ]);
  download
    .argument(
      '<remote...>',
      'files and folders; of several arguments the last is the local target (default: .)',
    )
    .option('--to <local>', 'local target; all arguments are then on the coordinator')
    .action((paths: string[], options: TransferCommandOptions) =>
      runTransfer('downloaded', options, async (client, transferOptions) => {
        const target = options.to ?? (paths.length > 1 ? paths.pop() : undefined) ?? '.';
        const sources = paths.map(remotePath);
        const [only = '', ...others] = sources;
        const into = others.length > 0 || /[/\\]$/.test(target) || (await isLocalFolder(target));
        return into
          ? client.download(sources, target, transferOptions)
          : client.downloadFile(only, target, transferOptions);
      }),
    );
  for (const command of [upload, download]) {
    command
      .addOption(new Option('--no-clobber', 'skip files that exist instead of replacing them'))
      .option('--json', 'print what was done as JSON');
  }
}

async function uploadTarget(
  client: SplitClient,
  paths: readonly string[],
  to: string | undefined,
): Promise<{ sources: readonly string[]; target: string }> {
  if (to !== undefined) return { sources: paths, target: to.endsWith('/') ? to : remotePath(to) };
  const last = paths.at(-1);
  if (paths.length < 2 || last === undefined || !last.startsWith('/')) return { sources: paths, target: '/' };
  // A shell's `/home/me/*` ends with a local path: it must not quietly become a folder on the coordinator.
  if (!last.endsWith('/') && (await isLocal(last)) && (await client.stat(last)) === undefined) {
    throw new UsageError(
      `${last} exists here, and not on the coordinator: use --to to say where the files are to go`,
    );
  }
  return { sources: paths.slice(0, -1), target: last };
}

async function runTransfer(
  done: 'uploaded' | 'downloaded',
  options: TransferCommandOptions,
  transfer: Transfer,
): Promise<void> {
  const line = new ProgressLine(process.stderr);
  const result = await interruptible((signal) =>
    withClient(options, (client) =>
      transfer(client, {
        signal,
        onProgress: (progress) => line.show(progress),
        ...(options.clobber ? {} : { onConflict: async () => 'skip' as const }),
      }),
    ),
  ).finally(() => line.clear());
  for (const { path, message } of result.failures) process.stderr.write(`splitftp: ${path}: ${message}\n`);
  if (options.json) printJson(result);
  else process.stdout.write(`${summary(done, result, line.seconds)}\n`);
  if (result.failures.length > 0) process.exitCode = 1;
}

function summary(done: string, { files, bytes, skipped, failures }: TransferResult, seconds: number): string {
  const speed = formatBytes(Math.round(bytes / Math.max(seconds, 0.001)));
  const parts = [
    `${done} ${plural(files, 'file')}, ${formatBytes(bytes)} in ${formatDuration(seconds)} (${speed}/s)`,
  ];
  if (skipped.length > 0) parts.push(`${skipped.length} skipped`);
  if (failures.length > 0) parts.push(`${failures.length} failed`);
  return parts.join(', ');
}

async function isLocal(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function isLocalFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
