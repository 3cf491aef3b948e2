/** How the program that has forked a server changes the server's log level while it runs. */
import * as v from 'valibot';
import { type LogLevel, logLevels } from '../log/log-level.ts';

export const logLevelMessage = v.object({ type: v.literal('log level'), level: v.picklist(logLevels) });
type LogLevelMessage = v.InferOutput<typeof logLevelMessage>;

export function logLevelMessageOf(level: LogLevel): LogLevelMessage {
  return { type: 'log level', level };
}
