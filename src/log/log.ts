import { pino } from 'pino';

/** One JSON line per event on standard error; standard output is for what a program answers. */
export type Log = import('pino').Logger;

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

const secrets = ['password', 'pass', 'secret', '*.password', '*.pass', '*.secret'];

export function createLog(name: string, level: LogLevel = 'info'): Log {
  return pino(
    { name, level, base: { name }, timestamp: pino.stdTimeFunctions.isoTime, redact: secrets },
    pino.destination({ dest: 2, sync: true }),
  );
}
