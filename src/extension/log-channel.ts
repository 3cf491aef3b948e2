import * as v from 'valibot';
import type { LogOutputChannel } from 'vscode';

/** A line of pino, as the servers print them (`src/log/log.ts`). */
const event = v.looseObject({ level: v.number(), name: v.optional(v.string()), msg: v.optional(v.string()) });

const hidden = new Set(['level', 'time', 'name', 'msg', 'event', 'pid', 'hostname']);

/** Shows a line that a server printed, at its own level and as text for a person. */
export function logServerLine(
  log: LogOutputChannel,
  server: string,
  line: string,
  stream: 'stdout' | 'stderr',
): void {
  const parsed = v.safeParse(event, parseJson(line));
  if (!parsed.success) {
    if (stream === 'stdout') log.info(`[${server}] ${line}`);
    else log.warn(`[${server}] ${line}`);
    return;
  }
  const { level, msg = '', ...rest } = parsed.output;
  const fields = Object.entries(rest)
    .filter(([name]) => !hidden.has(name))
    .map(([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const text = `[${server}] ${msg}${fields.join('')}`;
  if (level >= 50) log.error(text);
  else if (level >= 40) log.warn(text);
  else if (level >= 30) log.info(text);
  else if (level >= 20) log.debug(text);
  else log.trace(text);
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
