/** `splitftp status` and `splitftp where`. */
import type { Command } from 'commander';
import { describeCoordinator } from './describe-coordinator.ts';
import { formatBytes, formatTable } from './format.ts';
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
    if (report.kind === 'coordinator') process.stdout.write(`${describeCoordinator(report).join('\n')}\n\n`);
  }
  const servers = reports.filter((report) => report.kind === 'storage server');
  process.stdout.write(
    formatTable(
      ['>SERVER', 'ADDRESS', 'STATE', '>PARTS', '>SIZE', '>FREE', '>MISSING', '>ERRORS', ''],
      servers.map((report) => [
        String(report.number),
        report.address,
        report.draining && report.state === 'down' ? 'down, draining' : report.state,
        String(report.parts),
        formatBytes(report.bytes),
        report.free === undefined ? '' : formatBytes(report.free),
        String(report.missing),
        String(report.errors),
        report.reason ?? report.can.join(', '),
      ]),
    ),
  );
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
    part.state,
    formatBytes(part.bytes),
    part.path,
  ]);
  process.stdout.write(
    formatTable(['>SEGMENT', 'PART', '>SERVER', 'ADDRESS', 'STATE', '>SIZE', 'PATH'], rows),
  );
}
