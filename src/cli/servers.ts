/** `splitftp serve`, `splitftp storage N`, `splitftp coordinator`. */
import { realpathSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { ConfigurationError } from '../config/configuration.ts';
import { storageVariables } from '../config/variables.ts';
import { runCoordinator } from '../coordinator/coordinator-server.ts';
import { createLog, type Log } from '../log/log.ts';
import { type LogLevel, logLevels } from '../log/log-level.ts';
import { LocalServers } from '../servers/local-servers.ts';
import { runServerProcess } from '../servers/server-process.ts';
import { runStorageServer } from '../storage/storage-server.ts';
import { defaultLogFormat, type LogFormat, logFormats, writeLogLine } from './log-format.ts';
import { addCommand, type CommonOptions, readConfiguration } from './session.ts';

interface ServerOptions extends CommonOptions {
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

export function addServerCommands(program: Command): void {
  const logLevel = () =>
    new Option('--log-level <level>', 'what is logged on standard error').choices(logLevels).default('info');
  const logFormat = () =>
    new Option('--log-format <format>', 'text, or one JSON object per line')
      .choices(logFormats)
      .default(defaultLogFormat(), 'text on a terminal, else json');
  addCommand(program, 'serve', 'run the coordinator and the storage servers of this machine', [
    'serve',
    'serve --env my.env',
  ])
    .addOption(logLevel())
    .addOption(logFormat())
    .action(serve);
  addCommand(program, 'storage', 'run one storage server', ['storage 1', 'storage 2 --env my.env'])
    .argument('<number>', 'the N of its FTP_USERN', parseServerNumber)
    .addOption(logLevel())
    .addOption(logFormat())
    .action(runStorage);
  addCommand(program, 'coordinator', 'run the coordinator alone', [
    'coordinator',
    'coordinator --env my.env --log-level warn',
  ])
    .addOption(logLevel())
    .addOption(logFormat())
    .action(runCoordinatorAlone);
}

async function serve(options: ServerOptions): Promise<void> {
  const configuration = await readConfiguration(options);
  const ended = Promise.withResolvers<'ended'>();
  let ready = false;
  const servers = new LocalServers({
    programs: { storage: programFile('storage'), coordinator: programFile('coordinator') },
    logLevel: options.logLevel,
    onLine(_server, line, stream) {
      if (stream === 'stderr') {
        // Why a server cannot start is in the error of `start`, too.
        if (ready || line.startsWith('{')) writeLogLine(line, options.logFormat);
      } else if (line !== 'ready') process.stdout.write(`${line}\n`);
    },
    onExit: (_server, message) => ended.reject(new Error(`${message}; the other servers were stopped`)),
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => ended.resolve('ended'));
  }
  try {
    const started = await Promise.race([servers.start(configuration), ended.promise]);
    if (started === 'ended') return;
    ready = true;
    process.stdout.write('ready\n');
    await ended.promise;
  } finally {
    await servers.stop();
  }
}

async function runStorage(number: number, options: ServerOptions): Promise<void> {
  const { storageServers, source } = await readConfiguration(options);
  const configuration = storageServers.find((server) => server.number === number);
  if (configuration === undefined) {
    throw new ConfigurationError(source, [
      `there is no storage server ${number}: set ${storageVariables(number).user} and what belongs to it`,
    ]);
  }
  await runServerProcess(`storage server ${number}`, () =>
    runStorageServer(configuration, logOf(`storage ${number}`, options)),
  );
}

async function runCoordinatorAlone(options: ServerOptions): Promise<void> {
  const configuration = await readConfiguration(options);
  await runServerProcess('coordinator', () => runCoordinator(configuration, logOf('coordinator', options)));
}

function logOf(name: string, { logLevel, logFormat }: ServerOptions): Log {
  if (logFormat === 'json') return createLog(name, logLevel);
  return createLog(name, logLevel, { write: (line) => writeLogLine(line.trimEnd(), logFormat) });
}

/** The server programs lie beside this one in `dist`, and in folders of their own in `src`. */
export function programFile(name: 'storage' | 'coordinator'): string {
  const cli = realpathSync(process.argv[1] ?? '');
  return extname(cli) === '.ts'
    ? join(dirname(cli), '..', name, 'main.ts')
    : join(dirname(cli), `${name}.js`);
}

function parseServerNumber(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('It is a whole number from 1.');
  return Number(text);
}
