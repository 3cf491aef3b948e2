/** `splitftp convert`. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import type { SplitClient } from '../client/split-client.ts';
import type { ConversionReport } from '../site/conversion.ts';
import { formatBytes, plural } from './format.ts';
import { interruptible } from './interruption.ts';
import { addCommand, type CommonOptions, printJson, remotePath, withClient } from './session.ts';

/** Milliseconds between two questions how far it is. */
const interval = 500;

export function addConvertCommand(program: Command): void {
  addCommand(program, 'convert', 'give stored files the layout that new files get', [
    'convert /film.mkv',
    'convert /                    # everything',
  ])
    .argument('<paths...>', 'files and folders on the coordinator')
    .option('--json', 'as JSON, sizes in bytes')
    .action(convert);
}

async function convert(paths: string[], options: CommonOptions & { json?: true }): Promise<void> {
  const reports = await withClient(options, (client) =>
    interruptible(async (signal) => {
      const done: ConversionReport[] = [];
      for (const path of paths) done.push(await follow(client, remotePath(path), signal));
      return done;
    }),
  );
  if (options.json) printJson(reports);
  for (const report of options.json ? [] : reports) {
    process.stdout.write(`${report.path}: ${describe(report)}\n`);
    for (const { path, reason } of report.failures) process.stderr.write(`splitftp: ${path}: ${reason}\n`);
  }
  if (reports.some(({ failed, state }) => failed > 0 || state === 'stopped')) process.exitCode = 1;
}

async function follow(client: SplitClient, path: string, signal: AbortSignal): Promise<ConversionReport> {
  let report = await client.beginConversion(path);
  try {
    while (report.state === 'running') {
      await delay(interval, undefined, { signal }).catch(() => signal.throwIfAborted());
      report = await client.conversion(report.id);
      if (process.stderr.isTTY) {
        const line = `${describe(report)} ${report.current ?? ''}`;
        process.stderr.write(`\r\x1b[K${line.slice(0, Math.max(1, process.stderr.columns - 1))}`);
      }
    }
  } finally {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
    if (signal.aborted) await client.stopConversion(report.id);
  }
  return report;
}

function describe({ layout, converted, unchanged, overtaken, failed, bytes }: ConversionReport): string {
  return [
    `${plural(converted, 'file')} converted to ${layout} (${formatBytes(bytes)})`,
    ...(unchanged > 0 ? [`${unchanged} had it already`] : []),
    ...(overtaken > 0 ? [`${overtaken} changed meanwhile`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ].join(', ');
}
