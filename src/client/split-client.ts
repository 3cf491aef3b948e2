import { basename, join, posix, resolve } from 'node:path';

import type { GenericSchema } from 'valibot';
import { type ConversionReport, conversionReport } from '../site/conversion.ts';
import {
  type FindingReport,
  findingReport,
  type PartReport,
  parseReports,
  partReport,
  partsPerPage,
  type RebalanceReport,
  type RepairReport,
  rebalanceReport,
  repairReport,
  type StatusReport,
  type StorageServerReport,
  statusReport,
  storageServerReport,
  type VerificationReport,
  verificationReport,
} from '../site/reports.ts';
import { runBatch } from './batch.ts';
import type { Address } from './connection.ts';
import { copyContent, readContent, writeContent } from './contents.ts';
import { type DownloadRoot, findDownloads, walkDownloads } from './download.ts';
import type { Attempts } from './file-transfer.ts';
import { makeFolders, parentOf, removeAll } from './folders.ts';
import { ConnectionPool } from './pool.ts';
import { fetchFile, sendFile } from './resumable-transfer.ts';
import { retryingLost } from './retry.ts';
import type {
  FoundFile,
  RemoteEntry,
  ResumeOptions,
  TransferFailure,
  TransferOptions,
  TransferResult,
} from './transfer.ts';
import { findUploads, type UploadRoot, walkUploads } from './upload.ts';

export interface SplitClientOptions extends Address {
  /** FTP sessions at most, and so many files are transferred at a time. */
  readonly connections?: number;
}

/**
 * Talks to a coordinator. Paths on it are absolute, or taken from its root. Errors are sentences for a person:
 * {@link UnreachableError} when no session can be had, {@link RemoteError} for what the coordinator refused.
 */
export class SplitClient {
  readonly #pool: ConnectionPool;
  readonly #attempts: Attempts = (work) => retryingLost(() => this.#pool.use(work), this.#pool.closing);
  #copies: Promise<unknown> = Promise.resolve();

  constructor({ connections = 4, ...address }: SplitClientOptions) {
    this.#pool = new ConnectionPool(address, connections);
  }

  /** The entries of a folder, sorted by name. */
  list(path: string): Promise<RemoteEntry[]> {
    return this.#pool.use((connection) => connection.list(absolute(path)));
  }

  /** What is at a path; undefined where nothing is. */
  stat(path: string): Promise<RemoteEntry | undefined> {
    return this.#pool.use((connection) => connection.stat(absolute(path)));
  }

  /** @param options.parents makes the folders above it too, and takes one that exists. */
  makeDirectory(path: string, { parents = false } = {}): Promise<void> {
    const folder = absolute(path);
    return this.#pool.use((connection) =>
      parents ? makeFolders(connection, folder) : connection.makeDirectory(folder),
    );
  }

  /** Moves a file or folder; an existing file at `to` is replaced. */
  rename(from: string, to: string): Promise<void> {
    return this.#pool.use((connection) => connection.rename(absolute(from), absolute(to)));
  }

  /**
   * Removes a file, or a folder with all that is in it.
   * @param options.recursive false refuses a folder that holds something.
   */
  remove(path: string, { recursive = true } = {}): Promise<void> {
    return this.#pool.use((connection) => removeAll(connection, absolute(path), recursive));
  }

  /** All bytes of a file. */
  read(path: string): Promise<Buffer> {
    return readContent(this.#attempts, absolute(path));
  }

  /** Makes these bytes the whole content of a file, which is made if need be; its folder must be there. */
  write(path: string, content: Uint8Array): Promise<void> {
    return writeContent(this.#attempts, absolute(path), content);
  }

  /** Copies a file; an existing file at `to` is replaced. */
  copyFile(from: string, to: string): Promise<void> {
    // Each takes two sessions: one after the other, so that they do not wait for one another's second one.
    const copy = this.#copies.then(() =>
      copyContent(this.#attempts, (work) => this.#pool.use(work), absolute(from), absolute(to)),
    );
    this.#copies = copy.catch(() => undefined);
    return copy;
  }

  /** Uploads files and folders into a folder, where each keeps its name; the folder is made when missing. */
  upload(
    localPaths: readonly string[],
    remoteFolder: string,
    options: TransferOptions = {},
  ): Promise<TransferResult> {
    return this.#upload(uploadRoots(localPaths, remoteFolder), absolute(remoteFolder), options);
  }

  /** Uploads a file or folder to exactly this path; the folders above it are made when missing. */
  uploadFile(localPath: string, remotePath: string, options: TransferOptions = {}): Promise<TransferResult> {
    const remote = absolute(remotePath);
    return this.#upload([{ local: localPath, remote }], parentOf(remote), options);
  }

  /** Downloads files and folders into a local folder, where each keeps its name; it is made when missing. */
  download(
    remotePaths: readonly string[],
    localFolder: string,
    options: TransferOptions = {},
  ): Promise<TransferResult> {
    return this.#download(downloadRoots(remotePaths, localFolder), options);
  }

  /** Downloads a file or folder to exactly this path; the folders above it are made when missing. */
  downloadFile(
    remotePath: string,
    localPath: string,
    options: TransferOptions = {},
  ): Promise<TransferResult> {
    return this.#download([{ remote: absolute(remotePath), local: localPath }], options);
  }

  /** What {@link upload} would transfer, file by file; makes the folders on the coordinator. */
  async *findUploads(
    localPaths: readonly string[],
    remoteFolder: string,
    signal: AbortSignal,
  ): AsyncGenerator<FoundFile | TransferFailure> {
    await this.#pool.use((connection) => makeFolders(connection, absolute(remoteFolder)), signal);
    yield* findUploads(this.#pool, uploadRoots(localPaths, remoteFolder), signal);
  }

  /** What {@link download} would transfer, file by file; makes the local folders. */
  findDownloads(
    remotePaths: readonly string[],
    localFolder: string,
    signal: AbortSignal,
  ): AsyncGenerator<FoundFile | TransferFailure> {
    return findDownloads(this.#pool, downloadRoots(remotePaths, localFolder), signal);
  }

  /**
   * Uploads one file, which replaces what is there.
   * @param options.continues goes on behind what the coordinator kept of an earlier upload to this path
   * @returns its size in bytes
   */
  sendFile(
    localPath: string,
    remotePath: string,
    options: ResumeOptions & { readonly continues?: boolean },
  ): Promise<number> {
    return sendFile(this.#pool, localPath, absolute(remotePath), options);
  }

  /**
   * Downloads one file, which replaces what is there.
   * @param draft the temporary file beside it, which is continued where it exists, and kept when this is stopped
   * @returns its size in bytes
   */
  fetchFile(
    remote: Pick<RemoteEntry, 'path' | 'modified'>,
    localPath: string,
    draft: string,
    options: ResumeOptions,
  ): Promise<number> {
    return fetchFile(this.#pool, remote, localPath, draft, options);
  }

  /** The coordinator's report about itself and its storage servers. */
  async status(): Promise<StatusReport[]> {
    const reports: StatusReport[] = [];
    for (;;) {
      const page = await this.#reports(statusReport, `STATUS -from ${reports.length}`);
      reports.push(...page);
      const [first] = reports;
      const servers = first?.kind === 'coordinator' ? (first.storageServers ?? 0) : 0;
      if (page.length === 0 || reports.length > servers) return reports;
    }
  }

  /** Which part of a file is on which storage server. */
  async where(path: string): Promise<PartReport[]> {
    const parts: PartReport[] = [];
    for (;;) {
      const page = await this.#reports(partReport, `WHERE -from ${parts.length} ${absolute(path)}`);
      parts.push(...page);
      if (page.length < partsPerPage) return parts;
    }
  }

  /** Begins to give what is at a path the layout of new files; {@link conversion} tells how far that is. */
  beginConversion(path: string): Promise<ConversionReport> {
    return this.#report(conversionReport, `CONVERT ${absolute(path)}`);
  }

  conversion(id: number): Promise<ConversionReport> {
    return this.#report(conversionReport, `CONVERT -status ${id}`);
  }

  /** Files that are converted stay so. */
  stopConversion(id: number): Promise<ConversionReport> {
    return this.#report(conversionReport, `CONVERT -stop ${id}`);
  }

  /** Begins to verify every part of what is at a path; ask {@link verification} how far it is. */
  startVerification(path: string): Promise<VerificationReport> {
    return this.#report(verificationReport, `VERIFY ${absolute(path)}`);
  }

  verification(id: number): Promise<VerificationReport> {
    return this.#report(verificationReport, `VERIFY -status ${id}`);
  }

  /** What a verification has found so far. */
  async findings(id: number): Promise<FindingReport[]> {
    const findings: FindingReport[] = [];
    for (;;) {
      const page = await this.#reports(findingReport, `VERIFY -findings ${id} ${findings.length}`);
      if (page.length === 0) return findings;
      findings.push(...page);
    }
  }

  stopVerification(id: number): Promise<VerificationReport> {
    return this.#report(verificationReport, `VERIFY -stop ${id}`);
  }

  /** Tries at once whatever waits for repair. @param server is looked through first */
  repair(server?: number): Promise<RepairReport> {
    return this.#report(repairReport, server === undefined ? 'REPAIR' : `REPAIR -server ${server}`);
  }

  /** Begins to empty a storage server, or makes it a full member again. */
  drain(server: number, { undo = false } = {}): Promise<StorageServerReport> {
    return this.#report(storageServerReport, `DRAIN ${undo ? '-undo ' : ''}${server}`);
  }

  /** Begins to move parts to where they would be placed today, or ends that. */
  rebalance({ stop = false } = {}): Promise<RebalanceReport> {
    return this.#report(rebalanceReport, stop ? 'REBALANCE -stop' : 'REBALANCE');
  }

  /** Ends all sessions; what is still being done is cancelled. */
  close(): void {
    this.#pool.close();
  }

  #upload(roots: readonly UploadRoot[], folder: string, options: TransferOptions): Promise<TransferResult> {
    const pool = this.#pool;
    async function* walk(signal: AbortSignal) {
      await pool.use((connection) => makeFolders(connection, folder), signal);
      yield* walkUploads(pool, roots, options, signal);
    }
    return runBatch(walk, pool.limit, options);
  }

  #download(roots: readonly DownloadRoot[], options: TransferOptions): Promise<TransferResult> {
    const pool = this.#pool;
    return runBatch((signal) => walkDownloads(pool, roots, options, signal), pool.limit, options);
  }

  async #report<T>(schema: GenericSchema<unknown, T>, command: string): Promise<T> {
    const [report] = await this.#reports(schema, command);
    if (report === undefined) throw new Error(`the coordinator does not know SITE ${command}: update it`);
    return report;
  }

  async #reports<T>(schema: GenericSchema<unknown, T>, command: string): Promise<T[]> {
    const reply = await this.#pool.use((connection) => connection.site(command));
    return parseReports(schema, reply);
  }
}

function uploadRoots(localPaths: readonly string[], remoteFolder: string): UploadRoot[] {
  return localPaths.map((local) => ({
    local,
    remote: absolute(posix.join(absolute(remoteFolder), basename(resolve(local)))),
  }));
}

function downloadRoots(remotePaths: readonly string[], localFolder: string): DownloadRoot[] {
  return remotePaths.map((path) => {
    const remote = absolute(path);
    return { remote, local: join(localFolder, posix.basename(remote)) };
  });
}

/** Without `.`, `..`, doubled or trailing slashes. */
function absolute(path: string): string {
  return posix.resolve('/', path);
}
