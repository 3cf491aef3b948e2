import { type Entry, FileSystemError } from '../../ftp/file-system.ts';
import type { SiteCommand } from '../../ftp/server.ts';
import type { ConversionReport } from '../../site/conversion.ts';
import type { WritePolicy } from '../segments/write-policy.ts';
import { type ConversionParts, convertFile, hasLayout } from './file-conversion.ts';

/** Conversions that have ended and can still be asked for; failures that are told of each. */
const mostKept = 100;
const mostFailures = 20;

export interface ConverterParts extends Omit<ConversionParts, 'policy'> {
  /** Of new files, at this moment. */
  readonly policy: () => WritePolicy;
  /** A file was changed; resolves when that is safe. */
  readonly onConverted: () => Promise<void>;
  /** There are parts to remove. */
  readonly onGarbage: () => void;
}

/** One conversion: of a file, or of a folder with all that is in it. */
interface Conversion {
  readonly id: number;
  readonly path: string;
  readonly stop: AbortController;
  readonly policy: WritePolicy;
  report: ConversionReport;
}

/**
 * Gives files that are stored in another layout the one of new files, one file after the other: conversions are for the
 * time when nothing else is to be done. They end with the coordinator; asked for again they go on with what is left.
 */
export class Converter {
  readonly #parts: ConverterParts;
  readonly #conversions = new Map<number, Conversion>();
  #last = 0;
  #running: Promise<void> = Promise.resolve();

  constructor(parts: ConverterParts) {
    this.#parts = parts;
  }

  /** `SITE CONVERT`. */
  readonly command: SiteCommand = async (argument, resolve) => {
    const [, verb, id] = /^-(status|stop) (\d{1,9})$/.exec(argument) ?? [];
    if (verb === undefined) return [JSON.stringify(await this.begin(resolve(argument)))];
    const conversion = this.#conversions.get(Number(id));
    if (!conversion) throw new FileSystemError('missing', `there is no conversion ${id}`);
    if (verb === 'stop') conversion.stop.abort(new FileSystemError('aborted', 'the conversion was stopped'));
    return [JSON.stringify(conversion.report)];
  };

  /** Returns when it has begun. @throws FileSystemError `missing` */
  async begin(path: string): Promise<ConversionReport> {
    await this.#parts.catalogue.stat(path);
    const id = ++this.#last;
    const policy = this.#parts.policy();
    const { dataParts, parityParts } = policy.layout;
    const report: ConversionReport = {
      kind: 'conversion',
      id,
      path,
      layout: `${dataParts}+${parityParts}`,
      state: 'running',
      files: 0,
      converted: 0,
      unchanged: 0,
      overtaken: 0,
      failed: 0,
      bytes: 0,
      failures: [],
    };
    const conversion: Conversion = { id, path, stop: new AbortController(), policy, report };
    this.#conversions.set(id, conversion);
    this.#conversions.delete(id - mostKept);
    this.#running = this.#running.then(() => this.#run(conversion));
    return report;
  }

  /** Resolves when nothing is going on any more. */
  async stop(): Promise<void> {
    for (const { stop } of this.#conversions.values()) {
      stop.abort(new FileSystemError('aborted', 'the coordinator is stopping'));
    }
    await this.#running;
  }

  async #run(conversion: Conversion): Promise<void> {
    const { signal } = conversion.stop;
    try {
      for await (const path of this.#filesAt(conversion.path)) {
        if (signal.aborted) break;
        await this.#convert(conversion, path);
      }
    } catch (error) {
      this.#fail(conversion, conversion.path, error);
    }
    const { current: _, ...report } = conversion.report;
    conversion.report = { ...report, state: signal.aborted ? 'stopped' : 'done' };
  }

  async #convert(conversion: Conversion, path: string): Promise<void> {
    const { catalogue, onConverted, onGarbage } = this.#parts;
    const { policy, report: before } = conversion;
    const { signal } = conversion.stop;
    try {
      const file = await catalogue.openFile(path);
      if (hasLayout(file, policy.layout)) {
        conversion.report = { ...before, files: before.files + 1, unchanged: before.unchanged + 1 };
        return;
      }
      conversion.report = { ...before, current: path };
      const isConverted = await convertFile({ ...this.#parts, policy }, path, file, signal, (bytes) => {
        conversion.report = { ...conversion.report, bytes: conversion.report.bytes + bytes };
      });
      if (isConverted) await onConverted();
      conversion.report = {
        ...conversion.report,
        files: before.files + 1,
        converted: before.converted + (isConverted ? 1 : 0),
        overtaken: before.overtaken + (isConverted ? 0 : 1),
      };
    } catch (error) {
      if (signal.aborted) return;
      const isGone = error instanceof FileSystemError && error.kind === 'missing';
      if (isGone) {
        conversion.report = { ...before, files: before.files + 1, overtaken: before.overtaken + 1 };
      } else this.#fail(conversion, path, error);
    } finally {
      onGarbage();
    }
  }

  #fail(conversion: Conversion, path: string, error: unknown): void {
    const { report } = conversion;
    this.#parts.log.warn({ path, err: error }, 'a file could not be converted');
    const reason = error instanceof FileSystemError ? error.message : 'an unexpected error, see the log';
    conversion.report = {
      ...report,
      files: report.files + 1,
      failed: report.failed + 1,
      failures: [...report.failures, { path, reason }].slice(0, mostFailures),
    };
  }

  /** The file at a path, or all below it, as they are when their turn comes. */
  async *#filesAt(path: string): AsyncGenerator<string> {
    const { catalogue } = this.#parts;
    const entry = await catalogue.stat(path);
    if (entry.kind === 'file') yield path;
    else yield* this.#filesBelow(path);
  }

  async *#filesBelow(folder: string): AsyncGenerator<string> {
    for (const { name, kind } of await this.#entriesOf(folder)) {
      const path = folder === '/' ? `/${name}` : `${folder}/${name}`;
      if (kind === 'file') yield path;
      else yield* this.#filesBelow(path);
    }
  }

  /** Of a folder that was removed or moved meanwhile there are none: it does not end the conversion. */
  async #entriesOf(folder: string): Promise<readonly Entry[]> {
    try {
      return await this.#parts.catalogue.list(folder);
    } catch (error) {
      if (error instanceof FileSystemError && error.kind === 'missing') return [];
      throw error;
    }
  }
}
