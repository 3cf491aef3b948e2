import type { CoordinatorDataConnections } from './data-connections.ts';
import type { CoordinatorLimits } from './limits.ts';
import type { StorageSpace, UpkeepConfiguration } from './upkeep.ts';

/** Who may log in to one server. */
export interface Account {
  readonly user: string;
  readonly password: string;
}

/** PEM files of a server's certificate (with the chain behind it, if there is one) and of its private key; absolute. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** Encryption between clients and the coordinator: TLS 1.2 and up. */
export interface CoordinatorTls {
  /** `optional`: clients that ask for it (RFC 4217); `required`: nobody logs in without. */
  readonly mode: 'off' | 'optional' | 'required';
  /** Where it also listens for clients that begin with TLS. */
  readonly implicitPort?: number;
  /** Otherwise one is generated in the coordinator's folder. */
  readonly certificate?: CertificateFiles;
  /** SHA-256 of the certificate that the split client insists on, 64 lowercase hexadecimal digits. */
  readonly fingerprint?: string;
}

/** Encryption between the coordinator and one storage server. */
export interface StorageTls {
  /** `explicit`: AUTH TLS (RFC 4217) before anything else; `implicit`: from the first byte. */
  readonly mode: 'off' | 'explicit' | 'implicit';
  /** Somebody wrote down that it is off, so that a bundled server may listen outside loopback all the same. */
  readonly waived: boolean;
  /** SHA-256 of its certificate, 64 lowercase hexadecimal digits; whoever has signed that does not matter then. */
  readonly fingerprint?: string;
  /** Absolute; a PEM file with the certificates that it, or who has signed it, may have. */
  readonly ca?: string;
  /** Of a bundled server; otherwise one is generated beside its folder. */
  readonly certificate?: CertificateFiles;
}

export interface CoordinatorConfiguration {
  readonly account: Account;
  /** Where it listens, and where clients of this configuration find it. */
  readonly host: string;
  readonly port: number;
  /** Absolute; holds the catalogue. */
  readonly folder: string;
  /** Absolute; the accounts beside the owner's, once there are any. */
  readonly usersFile: string;
  /** Without a catalogue a new pool is begun, although the storage servers hold another one. */
  readonly newPool?: boolean;
  readonly limits: CoordinatorLimits;
  readonly upkeep: UpkeepConfiguration;
  readonly tls: CoordinatorTls;
  /** Without: any free port for passive mode, and no active mode. */
  readonly dataConnections?: CoordinatorDataConnections;
}

/** How much the coordinator asks of one storage server. */
export interface StorageLimits {
  /** Control connections at the same time; without it the pool finds out what the server allows. */
  readonly connections?: number;
  /** Seconds of silence after which an operation has failed. */
  readonly timeout?: number;
}

export interface StorageServerConfiguration extends StorageLimits, StorageSpace {
  /** The `N` of `FTP_USERN`, from 1. */
  readonly number: number;
  readonly account: Account;
  readonly host: string;
  readonly port: number;
  /** Absolute; where a bundled server keeps its parts. Unused for all others. */
  readonly folder: string;
  /** False where somebody else runs the server that answers at an address of this machine. */
  readonly bundled?: boolean;
  readonly tls: StorageTls;
}

export interface Configuration {
  readonly coordinator: CoordinatorConfiguration;
  readonly storageServers: readonly StorageServerConfiguration[];
  /** Layout `k+m`. */
  readonly layout: { readonly dataParts: number; readonly parityParts: number };
  /** Parts that must be stored before an upload succeeds; without it what the layout asks for. */
  readonly writeQuorum?: number;
  /** Seconds for which an upload waits for a storage server that keeps enough others waiting. */
  readonly partTimeout?: number;
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
