import type { FileSystem } from '../file-system.ts';
import type { Reply } from '../replies.ts';
import type { Session } from '../session.ts';

interface Described {
  /** For HELP, as RFC 959, section 5.3.1 writes them. */
  readonly syntax: string;
}

/** Runs before login too. Ends with its reply, or throws ReplyError or FileSystemError. */
export interface OpenCommand extends Described {
  readonly access: 'anyone';
  run(session: Session, argument: string): Promise<Reply>;
}

/** Runs after login, with the file system of the one who logged in. */
export interface UserCommand extends Described {
  readonly access: 'user';
  run(session: Session, argument: string, fileSystem: FileSystem): Promise<Reply>;
}

export type Command = OpenCommand | UserCommand;

export function open(syntax: string, run: OpenCommand['run']): OpenCommand {
  return { access: 'anyone', syntax, run };
}

export function user(syntax: string, run: UserCommand['run']): UserCommand {
  return { access: 'user', syntax, run };
}
