import type { ControlLine } from './control-line-reader.ts';

export interface CommandLine {
  /** In upper case; empty for an empty line. */
  readonly verb: string;
  /** Spaces belong to it: names may begin and end with them. */
  readonly argument: string;
}

/** Takes a command line apart (RFC 959, section 5.3). */
export function parseCommand(text: string): CommandLine {
  const space = text.indexOf(' ');
  if (space < 0) return { verb: text.toUpperCase(), argument: '' };
  return { verb: text.slice(0, space).toUpperCase(), argument: text.slice(space + 1) };
}

export function verbOf(line: ControlLine): string | undefined {
  return line.kind === 'command' ? parseCommand(line.text).verb : undefined;
}

export function isAbort(line: ControlLine): boolean {
  return verbOf(line) === 'ABOR';
}

/** Answered at once while a transfer runs (RFC 959, section 4.1.3), everything else in its turn. */
const urgentCommands = new Set(['NOOP', 'STAT']);

export function isUrgent(line: ControlLine): boolean {
  if (line.kind !== 'command') return false;
  const { verb, argument } = parseCommand(line.text);
  return urgentCommands.has(verb) && argument === '';
}
