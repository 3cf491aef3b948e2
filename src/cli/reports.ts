/** `splitftp status` and `splitftp where`. */
import type { Command } from 'commander';
import { formatFingerprint } from '../tls/fingerprint.ts';
import { formatBytes, formatTable, plural } from './format.ts';
import { addCommand, type CommonOptions, printJson, remotePath, withClient } from './session.ts';

export function addReportCommands(program: Command): void {
  addCommand(program, 'status', 'show the coordinator and its storage servers', ['status', 'status --json'])
    .option('--json', 'as JSON, sizes in bytes')
    .action(status);
  addCommand(program, 'where', 'show which part of a file is on which storage server', [
    'where /film.mkv',
    'where --json /film.mkv',
  ])
    .argument('<path>', 'file on the coordinator')
    .option('--json', 'as JSON, sizes in bytes')
    .action(where);
}

async function status(options: CommonOptions & { json?: true }): Promise<void> {
  const reports = await withClient(options, (client) => client.status());
  if (options.json) {
    printJson(reports);
    return;
  }
  for (const report of reports) {
    if (report.kind !== 'coordinator') continue;
    const { version, layout, files, folders, bytes, partialUploads, partialBytes, garbage, tls, journal } =
      report;
    const content = `${plural(files, 'file')} in ${plural(folders, 'folder')}, ${formatBytes(bytes)}`;
    const partial =
      partialUploads === 0
        ? ''
        : `, ${plural(partialUploads, 'interrupted upload')} of ${formatBytes(partialBytes)}`;
    const waiting = garbage === 0 ? '' : `, ${plural(garbage, 'segment')} to be removed`;
    process.stdout.write(`SplitFTP ${version}, layout ${layout}: ${content}${partial}${waiting}\n`);
    if (tls) process.stdout.write(`TLS ${tls.mode}, SHA-256 ${formatFingerprint(tls.fingerprint)}\n`);
    if (journal && journal.waiting > 0) {
      const changes = `${plural(journal.waiting, 'change')} not yet on ${plural(journal.copies, 'storage server')}`;
      process.stdout.write(
        `Journal: ${changes}${journal.reason === undefined ? '' : `: ${journal.reason}`}\n`,
      );
    }
    process.stdout.write('\n');
  }
  const rows = reports.flatMap((report) =>
    report.kind === 'storage server'
      ? [
          [
            String(report.number),
            report.address,
            report.state,
            String(report.parts),
            formatBytes(report.bytes),
            report.reason ?? report.can.join(', '),
          ],
        ]
      : [],
  );
  process.stdout.write(formatTable(['>SERVER', 'ADDRESS', 'STATE', '>PARTS', '>SIZE', ''], rows));
}

async function where(path: string, options: CommonOptions & { json?: true }): Promise<void> {
  const parts = await withClient(options, (client) => client.where(remotePath(path)));
  if (options.json) {
    printJson(parts);
    return;
  }
  const rows = parts.map((part) => [
    String(part.segment),
    `${part.role} ${part.index}`,
    String(part.number),
    part.address,
    formatBytes(part.bytes),
    part.path,
  ]);
  process.stdout.write(formatTable(['>SEGMENT', 'PART', '>SERVER', 'ADDRESS', '>SIZE', 'PATH'], rows));
}
