import { pino } from 'pino';
import { redactLine } from './redaction.ts';

/** One JSON line per event on standard error; standard output is for what a program answers. */
export type Log = import('pino').Logger;

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LogOutput {
  write(line: string): void;
}

/** Every line passes through the redaction, so that no caller can forget it. */
export function createLog(
  name: string,
  level: LogLevel = 'info',
  output: LogOutput = pino.destination({ dest: 2, sync: true }),
): Log {
  return pino(
    { name, level, base: { name }, timestamp: pino.stdTimeFunctions.isoTime },
    { write: (line: string) => output.write(redactLine(line)) },
  );
}
