/** `splitftp verify`, `repair`, `drain` and `rebalance`. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import type { SplitClient } from '../client/split-client.ts';
import type { VerificationReport } from '../site/reports.ts';
import { describeRebalance, describeRepair } from './describe-coordinator.ts';
import { formatBytes, formatTable, plural } from './format.ts';
import { interruptible } from './interruption.ts';
import { addCommand, type CommonOptions, printJson, remotePath, UsageError, withClient } from './session.ts';

/** Milliseconds between two questions how far it is. */
const interval = 500;

type Options = CommonOptions & { readonly json?: true };

export function addUpkeepCommands(program: Command): void {
  addCommand(program, 'verify', 'read every part of a file or folder and see that it is right', [
    'verify',
    'verify /photos',
    'verify --json /film.mkv',
  ])
    .argument('[path]', 'file or folder on the coordinator', '/')
    .option('--json', 'as JSON, sizes in bytes')
    .action(verify);
  addCommand(program, 'repair', 'try at once whatever waits for repair', ['repair', 'repair --server 2'])
    .option('--server <number>', 'first see which parts this storage server really has')
    .option('--wait', 'until nothing is missing any more')
    .option('--json', 'as JSON, sizes in bytes')
    .action(repair);
  addCommand(program, 'drain', 'empty a storage server, so that it can be removed', [
    'drain 2',
    'drain --wait 2',
    'drain --undo 2',
  ])
    .argument('<number>', 'of the storage server')
    .option('--undo', 'make it a full member again')
    .option('--wait', 'until nothing is on it any more')
    .option('--json', 'as JSON, sizes in bytes')
    .action(drain);
  addCommand(program, 'rebalance', 'move parts to servers that were added later', [
    'rebalance',
    'rebalance --wait',
    'rebalance --stop',
  ])
    .option('--stop', 'leave the rest where it is')
    .option('--wait', 'until all is where it belongs')
    .option('--json', 'as JSON, sizes in bytes')
    .action(rebalance);
}

async function verify(path: string, options: Options): Promise<void> {
  const { report, findings } = await withClient(options, (client) =>
    interruptible(async (interrupted) => {
      const { id } = await client.startVerification(remotePath(path));
      try {
        const report = await untilDone(
          () => client.verification(id),
          ({ state }) => state !== 'running',
          describeVerification,
          interrupted,
        );
        return { report, findings: await client.findings(id) };
      } catch (error) {
        if (interrupted.aborted) await client.stopVerification(id);
        throw error;
      }
    }),
  );
  if (options.json) printJson({ ...report, findings });
  else {
    const rows = findings.map((finding) => [
      finding.path,
      `${finding.segment}.${finding.index}`,
      String(finding.number),
      finding.state,
      finding.reason,
    ]);
    if (rows.length > 0) process.stdout.write(formatTable(['PATH', 'PART', '>SERVER', 'STATE', ''], rows));
    process.stdout.write(`${describeVerification(report)}\n`);
    if (report.damaged + report.missing > 0) {
      process.stdout.write('What is damaged or missing is in the repair queue: splitftp status\n');
    }
  }
  if (report.state !== 'done')
    throw new Error(`the verification was not finished: ${report.reason ?? report.state}`);
  if (report.damaged + report.missing + report.unreachable > 0) process.exitCode = 1;
}

function describeVerification(report: VerificationReport): string {
  const { checkedParts, parts, checkedBytes, bytes, damaged, missing, unreachable, lostFiles } = report;
  const findings = [
    ...(damaged > 0 ? [`${damaged} damaged`] : []),
    ...(missing > 0 ? [`${missing} missing`] : []),
    ...(unreachable > 0 ? [`${unreachable} on servers that are down`] : []),
    ...(lostFiles > 0 ? [`${plural(lostFiles, 'file')} lost`] : []),
  ];
  const result = findings.length === 0 ? 'all right' : findings.join(', ');
  return `${checkedParts} of ${plural(parts, 'part')}, ${formatBytes(checkedBytes)} of ${formatBytes(bytes)}: ${result}`;
}

async function repair(options: Options & { readonly server?: string; readonly wait?: true }): Promise<void> {
  const server = options.server === undefined ? undefined : serverNumber(options.server);
  const report = await withClient(options, async (client) => {
    const begun = await client.repair(server);
    if (!options.wait) return begun;
    const current = async () => coordinatorOf(client, (coordinator) => coordinator.repair ?? begun);
    return interruptible((interrupted) =>
      untilDone(
        current,
        ({ parts }) => parts === 0,
        (each) => describeRepair(each).join(''),
        interrupted,
        ({ state, reason }) => (state === 'waiting' ? reason : undefined),
      ),
    );
  });
  if (options.json) printJson(report);
  else process.stdout.write(`${describeRepair(report)[0] ?? 'Nothing is missing'}\n`);
}

async function drain(
  number: string,
  options: Options & { readonly undo?: true; readonly wait?: true },
): Promise<void> {
  const server = serverNumber(number);
  const report = await withClient(options, async (client) => {
    const begun = await client.drain(server, { undo: options.undo ?? false });
    if (options.undo) return begun;
    const current = async () => {
      const reports = await client.status();
      const own = reports.find((each) => each.kind === 'storage server' && each.number === server);
      return own?.kind === 'storage server' ? own : begun;
    };
    if (!options.wait) {
      await delay(interval); // What stands against it shows with the first part.
      return current();
    }
    return interruptible((interrupted) =>
      untilDone(
        current,
        ({ state }) => state === 'drained',
        ({ parts, bytes }) => `${plural(parts, 'part')} left, ${formatBytes(bytes)}`,
        interrupted,
        ({ reason }) => reason,
      ),
    );
  });
  if (options.json) printJson(report);
  else {
    const left =
      report.state === 'drained' ? '' : `, ${plural(report.parts, 'part')}, ${formatBytes(report.bytes)}`;
    const reason = report.reason === undefined ? '' : `: ${report.reason}`;
    process.stdout.write(`storage server ${report.number}: ${report.state}${left}${reason}\n`);
  }
}

async function rebalance(options: Options & { readonly stop?: true; readonly wait?: true }): Promise<void> {
  const report = await withClient(options, async (client) => {
    const begun = await client.rebalance({ stop: options.stop ?? false });
    if (!options.wait || options.stop) return begun;
    const current = async () => coordinatorOf(client, (coordinator) => coordinator.rebalance ?? begun);
    return interruptible((interrupted) =>
      untilDone(
        current,
        ({ state }) => state === 'idle',
        (each) => describeRebalance(each).join(''),
        interrupted,
        ({ reason }) => reason,
      ),
    );
  });
  if (options.json) printJson(report);
  else process.stdout.write(`${describeRebalance(report)[0] ?? 'Every part is where it belongs'}\n`);
}

async function coordinatorOf<T>(
  client: SplitClient,
  pick: (report: Extract<Awaited<ReturnType<SplitClient['status']>>[number], { kind: 'coordinator' }>) => T,
): Promise<T> {
  for (const report of await client.status()) {
    if (report.kind === 'coordinator') return pick(report);
  }
  throw new Error('the coordinator tells nothing of itself');
}

/**
 * Asks until it is done; on a terminal one line shows how far it is.
 * @param whyWaiting what it waits for, which a person may have to do: said each time that it is another one
 */
async function untilDone<T>(
  ask: () => Promise<T>,
  isDone: (report: T) => boolean,
  describe: (report: T) => string,
  interrupted: AbortSignal,
  whyWaiting: (report: T) => string | undefined = () => undefined,
): Promise<T> {
  const { stderr } = process;
  let told: string | undefined;
  for (;;) {
    const report = await ask();
    if (stderr.isTTY) stderr.write('\r\x1b[K');
    if (isDone(report)) return report;
    const reason = whyWaiting(report);
    if (reason !== undefined && reason !== told) stderr.write(`waiting: ${reason}\n`);
    told = reason ?? told;
    if (stderr.isTTY) stderr.write(describe(report).slice(0, Math.max(1, stderr.columns - 1)));
    interrupted.throwIfAborted();
    await delay(interval, undefined, { signal: interrupted }).catch(() => interrupted.throwIfAborted());
  }
}

function serverNumber(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new UsageError(`"${text}" is not the number of a storage server: write 1, 2, 3 ...`);
}
