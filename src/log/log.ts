import { type LogFn, pino } from 'pino';
import type { LogLevel } from './log-level.ts';
import { levelValues } from './log-line.ts';
import { redactLine } from './redaction.ts';

/** One JSON line per event on standard error; standard output is for what a program answers. */
export type Log = import('pino').Logger;

export interface LogOutput {
  write(line: string): void;
}

/** The logs of sessions and the like that were made from one; a child keeps the level that it was made with. */
const families = new WeakMap<Log, Set<WeakRef<Log>>>();

/** Every line passes through the redaction, so that no caller can forget it. */
export function createLog(
  name: string,
  level: LogLevel = 'info',
  output: LogOutput = pino.destination({ dest: 2, sync: true }),
): Log {
  const family = new Set<WeakRef<Log>>();
  const ended = new FinalizationRegistry<WeakRef<Log>>((child) => family.delete(child));
  const onChild = (child: Log) => {
    const reference = new WeakRef(child);
    family.add(reference);
    ended.register(child, reference);
  };
  const log = pino(
    {
      name,
      level,
      base: { name },
      timestamp: pino.stdTimeFunctions.isoTime,
      onChild,
      hooks: { logMethod },
      // What is no error any more, it would take for one that lacks its stack.
      serializers: { err: (err) => (err instanceof Error ? pino.stdSerializers.err(err) : err) },
    },
    { write: (line: string) => output.write(redactLine(line)) },
  );
  families.set(log, family);
  return log;
}

/** Why something expected did not work is told without the place where it did, unless somebody looks for that. */
function logMethod(this: Log, args: Parameters<LogFn>, method: LogFn, level: number): void {
  const [fields, ...rest] = args;
  if (level >= levelValues.error || this.isLevelEnabled('debug') || !hasError(fields)) {
    method.apply(this, args);
    return;
  }
  const { stack: _, ...err } = pino.stdSerializers.err(fields.err);
  Reflect.apply(method, this, [{ ...fields, err }, ...rest]);
}

function hasError(fields: unknown): fields is { readonly err: Error } {
  return typeof fields === 'object' && fields !== null && 'err' in fields && fields.err instanceof Error;
}

/** Changes the level of a log that {@link createLog} made, and of all that were made from it and had the same one. */
export function setLogLevel(log: Log, level: LogLevel): void {
  const before = log.level;
  for (const reference of families.get(log) ?? []) {
    const child = reference.deref();
    if (child?.level === before) child.level = level;
  }
  log.level = level;
}
