import type { FileSystem } from '../file-system.ts';
import type { SiteCommand } from '../session.ts';

/** Someone is let in: all that they may see and do. */
export interface Login {
  readonly fileSystem: FileSystem;
  /** Their SITE commands, by name in upper case; without it, those of the server. */
  readonly site?: ReadonlyMap<string, SiteCommand>;
}

/**
 * Nobody is let in. The client hears the same of an unknown name as of a wrong password; the log tells them apart.
 * `overloaded`: the password was not even looked at, since too many others wait to be checked.
 * `no-home`: it was right, but what the user would see cannot be shown.
 */
export interface LoginRefusal {
  readonly refused: 'unknown-name' | 'wrong-password' | 'overloaded' | 'no-home';
}

export type LoginResult = Login | LoginRefusal;
