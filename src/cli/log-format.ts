import { styleText } from 'node:util';
import { levelValues, readLogLine } from '../log/log-line.ts';

export const logFormats = ['text', 'json'] as const;
export type LogFormat = (typeof logFormats)[number];

/** Text where a person reads standard error, and JSON where a program does. */
export function defaultLogFormat(): LogFormat {
  return process.stderr.isTTY ? 'text' : 'json';
}

/** Writes a line of a server's log to standard error; one that is not of a log as it is. */
export function writeLogLine(line: string, format: LogFormat): void {
  process.stderr.write(`${format === 'text' ? asText(line) : line}\n`);
}

/** `08:27:07 storage 1: logged in session=3ffdaa22 user=b`, the time of day here. */
function asText(line: string): string {
  const event = readLogLine(line);
  if (!event) return line;
  const { level, time, name, text } = event;
  const clock = time === undefined ? '' : `${new Date(time).toTimeString().slice(0, 8)} `;
  const whole = `${clock}${name === undefined ? '' : `${name}: `}${text}`;
  if (level >= levelValues.error) return styleText('red', whole, { stream: process.stderr });
  if (level >= levelValues.warn) return styleText('yellow', whole, { stream: process.stderr });
  return whole;
}
