/** The coordinator's process: `coordinator.js [--env FILE] [--log-level L]`. */
import { loadConfiguration } from '../config/load.ts';
import { createLog } from '../log/log.ts';
import { followLogLevel } from '../servers/follow-log-level.ts';
import { parseServerArguments, UsageError } from '../servers/server-arguments.ts';
import { runServerProcess } from '../servers/server-process.ts';
import { runCoordinator } from './coordinator-server.ts';

const usage = 'Usage: coordinator.js [--env FILE] [--log-level LEVEL]';

void runServerProcess('coordinator', async () => {
  const { positionals, envFile, logLevel } = parseServerArguments(process.argv.slice(2), usage);
  if (positionals.length > 0) throw new UsageError(usage);
  const configuration = await loadConfiguration(envFile === undefined ? {} : { envFile });
  return runCoordinator(configuration, followLogLevel(createLog('coordinator', logLevel)));
});
