/** How the program that has forked a server changes the server's log level while it runs. */
import * as v from 'valibot';
import { type Log, type LogLevel, logLevels, setLogLevel } from '../log/log.ts';

const logLevelMessage = v.object({ type: v.literal('log level'), level: v.picklist(logLevels) });
export type LogLevelMessage = v.InferOutput<typeof logLevelMessage>;

export function logLevelMessageOf(level: LogLevel): LogLevelMessage {
  return { type: 'log level', level };
}

/** In the server's process: does what the parent says, if there is one. */
export function followLogLevel(log: Log): Log {
  process.on('message', (message) => {
    const parsed = v.safeParse(logLevelMessage, message);
    if (parsed.success) setLogLevel(log, parsed.output.level);
  });
  return log;
}
