import type { CoordinatorDataConnections } from './data-connections.ts';

/** Who may log in to one server. */
export interface Account {
  readonly user: string;
  readonly password: string;
}

export interface CoordinatorConfiguration {
  readonly account: Account;
  /** Where it listens, and where clients of this configuration find it. */
  readonly host: string;
  readonly port: number;
  /** Absolute; holds the catalogue. */
  readonly folder: string;
  /** Without: any free port for passive mode, and no active mode. */
  readonly dataConnections?: CoordinatorDataConnections;
}

export interface StorageServerConfiguration {
  /** The `N` of `FTP_USERN`, from 1. */
  readonly number: number;
  readonly account: Account;
  readonly host: string;
  readonly port: number;
  /** Absolute; where a bundled server keeps its parts. Unused for a server on another machine. */
  readonly folder: string;
}

export interface Configuration {
  readonly coordinator: CoordinatorConfiguration;
  readonly storageServers: readonly StorageServerConfiguration[];
  /** Layout `k+m`. */
  readonly layout: { readonly dataParts: number; readonly parityParts: number };
  /** Where it comes from, for messages: the path of an `.env` file, or "the environment". */
  readonly source: string;
}

/** Everything wrong with a configuration at once; the message names each variable and what to do. */
export class ConfigurationError extends Error {
  readonly problems: readonly string[];

  constructor(source: string, problems: readonly string[]) {
    super(`${source}:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigurationError';
    this.problems = problems;
  }
}
