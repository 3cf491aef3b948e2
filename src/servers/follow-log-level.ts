import * as v from 'valibot';
import { type Log, setLogLevel } from '../log/log.ts';
import { logLevelMessage } from './log-level-message.ts';

/** In the server's process: does what the parent says of the level, if there is a parent. */
export function followLogLevel(log: Log): Log {
  process.on('message', (message) => {
    const parsed = v.safeParse(logLevelMessage, message);
    if (parsed.success) setLogLevel(log, parsed.output.level);
  });
  return log;
}
