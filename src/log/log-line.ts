import * as v from 'valibot';

/** Values of pino's `level`. */
export const levelValues = { error: 50, warn: 40, info: 30, debug: 20 } as const;

/** What a line of JSON on a server's standard error says, for a person. */
export interface LogLine {
  /** As in {@link levelValues}. */
  readonly level: number;
  /** ISO 8601, in UTC. */
  readonly time?: string | undefined;
  /** Which server it is of. */
  readonly name?: string | undefined;
  /** The message and its fields, without control characters; the stack of an error follows on lines of its own. */
  readonly text: string;
}

const line = v.looseObject({
  level: v.number(),
  time: v.optional(v.string()),
  name: v.optional(v.string()),
  msg: v.optional(v.string(), ''),
  err: v.optional(v.looseObject({ message: v.string(), stack: v.optional(v.string()) })),
});
/** What the message says, too. */
const hidden = new Set(['event', 'pid', 'hostname']);

/** @returns undefined when it is not of a server's log, as {@link createLog} makes it */
export function readLogLine(text: string): LogLine | undefined {
  const parsed = v.safeParse(line, parseJson(text));
  if (!parsed.success) return undefined;
  const { level, time, name, msg, err, ...rest } = parsed.output;
  const fields = Object.entries(rest)
    .filter(([field]) => !hidden.has(field))
    .map(
      ([field, value]) => ` ${field}=${typeof value === 'string' ? quoted(value) : JSON.stringify(value)}`,
    );
  // Why something expected did not work is one line; only what should never happen needs the place where it did.
  const stack = err?.stack !== undefined && level >= levelValues.error ? `\n${shown(err.stack)}` : '';
  const reason = err && stack === '' && !msg.includes(err.message) ? `: ${shown(err.message)}` : '';
  return { level, time, name, text: `${shown(msg)}${reason}${fields.join('')}${stack}` };
}

function quoted(value: string): string {
  return /^[^\s"=\p{Cc}]+$/u.test(value) ? value : JSON.stringify(shown(value));
}

/** A name that a client chose can hold what a terminal takes for a command. */
function shown(text: string): string {
  return text.replaceAll(/(?!\n)\p{Cc}/gu, '\u{fffd}');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
