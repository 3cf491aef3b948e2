import { parseArgs } from 'node:util';
import { type LogLevel, logLevels } from '../log/log-level.ts';

/** The command line is wrong; the message says what is right. */
export class UsageError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UsageError';
  }
}

export interface ServerArguments {
  readonly positionals: readonly string[];
  /** `--env FILE`: read instead of the environment. */
  readonly envFile: string | undefined;
  /** `--log-level L`. */
  readonly logLevel: LogLevel;
}

/**
 * The command line that both servers take: `[--env FILE] [--log-level L]`.
 * @param usage shown when it is wrong
 * @throws UsageError
 */
export function parseServerArguments(args: readonly string[], usage: string): ServerArguments {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : error}\n${usage}`, { cause: error });
  }
  const wanted = parsed.values['log-level'];
  const logLevel = logLevels.find((level) => level === wanted);
  if (!logLevel) {
    throw new UsageError(`There is no log level "${wanted}": use one of ${logLevels.join(', ')}.\n${usage}`);
  }
  return { positionals: parsed.positionals, envFile: parsed.values.env, logLevel };
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { env: { type: 'string' }, 'log-level': { type: 'string', default: 'info' } },
  });
}
