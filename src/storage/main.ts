/** The process of a bundled storage server: `storage.js N [--env FILE] [--log-level L]`. */
import { ConfigurationError } from '../config/configuration.ts';
import { loadConfiguration } from '../config/load.ts';
import { storageVariables } from '../config/variables.ts';
import { createLog } from '../log/log.ts';
import { followLogLevel } from '../servers/follow-log-level.ts';
import { parseServerArguments, UsageError } from '../servers/server-arguments.ts';
import { runServerProcess } from '../servers/server-process.ts';
import { runStorageServer } from './storage-server.ts';

const usage = 'Usage: storage.js N [--env FILE] [--log-level LEVEL]';

void runServerProcess('storage server', async () => {
  const { positionals, envFile, logLevel } = parseServerArguments(process.argv.slice(2), usage);
  const [argument, ...excess] = positionals;
  const number = Number(argument);
  if (!Number.isInteger(number) || number < 1 || excess.length > 0) {
    throw new UsageError(`Say which storage server to run, from 1.\n${usage}`);
  }
  const { storageServers, source } = await loadConfiguration(envFile === undefined ? {} : { envFile });
  const configuration = storageServers.find((server) => server.number === number);
  if (!configuration) {
    throw new ConfigurationError(source, [
      `there is no storage server ${number}: set ${storageVariables(number).user} and what belongs to it`,
    ]);
  }
  return runStorageServer(configuration, followLogLevel(createLog(`storage ${number}`, logLevel)));
});
