import { setImmediate as nextTurn } from 'node:timers/promises';
import { FileSystemError } from '../../ftp/file-system.ts';
import type { Log } from '../../log/log.ts';
import type { FindingReport, VerificationReport } from '../../site/reports.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { Pace } from './budget.ts';
import type { PartState } from './part-check.ts';
import type { Scrubber } from './scrubber.ts';
import { restAfterYield, YieldedError } from './upkeep-connections.ts';

/** Verifications whose results are kept. */
const remembered = 20;
/** Files verified at the same time; the parts of each segment are read side by side. */
const lanes = 2;
/** Files counted before others have their turn. */
const filesPerTurn = 50;
/** Findings that are kept of one verification; the counts go on. */
const mostFindings = 10_000;

/** Somebody wants to know now whether all parts are right: as fast as it goes, but behind transfers. */
class Verification {
  readonly id: number;
  readonly path: string;
  readonly findings: FindingReport[] = [];
  readonly stopping = new AbortController();
  state: VerificationReport['state'] = 'running';
  reason: string | undefined;
  files = 0;
  parts = 0;
  bytes = 0;
  checkedParts = 0;
  checkedBytes = 0;
  damaged = 0;
  missing = 0;
  unreachable = 0;
  lostFiles = 0;

  constructor(id: number, path: string) {
    this.id = id;
    this.path = path;
  }

  get report(): VerificationReport {
    const { id, path, state, files, parts, bytes, checkedParts, checkedBytes } = this;
    const { damaged, missing, unreachable, lostFiles, reason } = this;
    return {
      kind: 'verification',
      ...{ id, path, state, files, parts, bytes, checkedParts, checkedBytes },
      ...{ damaged, missing, unreachable, lostFiles },
      ...(reason !== undefined && { reason }),
    };
  }
}

interface FileToVerify {
  readonly id: string;
  readonly path: string;
}

/** The verifications that somebody has asked for. */
export class Verifications {
  readonly #catalogue: Catalogue;
  readonly #scrubber: Scrubber;
  readonly #log: Log;
  readonly #pace: Pace;
  readonly #all = new Map<number, Verification>();
  readonly #running = new Set<Promise<void>>();
  #last = 0;

  constructor(catalogue: Catalogue, scrubber: Scrubber, pace: Pace, log: Log) {
    this.#pace = pace;
    this.#catalogue = catalogue;
    this.#scrubber = scrubber;
    this.#log = log;
  }

  /** Begins with everything at a path. @throws FileSystemError `missing` */
  async start(path: string): Promise<VerificationReport> {
    const files = await this.#catalogue.upkeep.filesBelow(path);
    const verification = new Verification(++this.#last, path);
    this.#all.set(verification.id, verification);
    for (const [id, { state }] of this.#all) {
      if (this.#all.size > remembered && state !== 'running') this.#all.delete(id);
    }
    verification.files = files.length;
    for (const [position, { id }] of files.entries()) {
      if (position % filesPerTurn === 0) await nextTurn(); // Others are served meanwhile.
      for (const segment of await this.#catalogue.upkeep.segmentsOf(id)) {
        const parts = (await this.#catalogue.upkeep.segment(segment))?.segment.parts ?? [];
        verification.parts += parts.length;
        for (const { bytes } of parts) verification.bytes += bytes;
      }
    }
    const running = this.#run(verification, files).finally(() => this.#running.delete(running));
    this.#running.add(running);
    return verification.report;
  }

  report(id: number): VerificationReport {
    return this.#find(id).report;
  }

  findings(id: number): readonly FindingReport[] {
    return this.#find(id).findings;
  }

  stopOne(id: number): VerificationReport {
    const verification = this.#find(id);
    verification.stopping.abort();
    if (verification.state === 'running') verification.state = 'stopped';
    return verification.report;
  }

  /** Resolves when nothing is going on any more. */
  async stop(): Promise<void> {
    for (const { stopping } of this.#all.values()) stopping.abort();
    await Promise.all(this.#running);
  }

  #find(id: number): Verification {
    const verification = this.#all.get(id);
    if (!verification) throw new FileSystemError('missing', `there is no verification ${id}`);
    return verification;
  }

  async #run(verification: Verification, files: readonly FileToVerify[]): Promise<void> {
    const { signal } = verification.stopping;
    const waiting = files.values();
    const lane = async () => {
      for (const file of waiting) {
        signal.throwIfAborted();
        await this.#verifyFile(verification, file);
      }
    };
    try {
      await Promise.all(Array.from({ length: lanes }, lane));
      verification.state = 'done';
    } catch (error) {
      if (signal.aborted) {
        verification.state = 'stopped';
        return;
      }
      verification.stopping.abort(); // The other lanes have nothing to do any more.
      this.#log.error({ err: error, path: verification.path }, 'a verification failed');
      verification.state = 'failed';
      verification.reason = 'an unexpected error, see the log';
    }
  }

  async #verifyFile(verification: Verification, file: FileToVerify): Promise<void> {
    let isLost = false;
    for (const [position, id] of (await this.#catalogue.upkeep.segmentsOf(file.id)).entries()) {
      const task = await this.#catalogue.upkeep.segment(id);
      if (!task) continue; // The file was removed or replaced meanwhile.
      const { parts, layout } = task.segment;
      const states = await Promise.all(
        parts.map(async ({ server, bytes }, index) => {
          const state = await this.#checkPart(verification, { segment: id, index, server, bytes });
          verification.checkedParts += 1;
          verification.checkedBytes += bytes;
          if (!state || state.state === 'right') return undefined;
          verification[state.state] += 1;
          const finding = {
            kind: 'finding',
            path: file.path,
            segment: position,
            index,
            number: server,
          } as const;
          if (verification.findings.length < mostFindings)
            verification.findings.push({ ...finding, ...state });
          return state.state;
        }),
      );
      const gone = states.filter((state) => state === 'damaged' || state === 'missing').length;
      if (parts.length - gone < layout.dataParts) isLost = true;
    }
    if (isLost) verification.lostFiles += 1;
  }

  async #checkPart(
    { stopping }: Verification,
    place: { segment: string; index: number; server: number; bytes: number },
  ): Promise<PartState | undefined> {
    for (;;) {
      try {
        return await this.#scrubber.check(place, stopping.signal, this.#pace);
      } catch (error) {
        if (!(error instanceof YieldedError)) throw error;
        await restAfterYield(stopping.signal);
      }
    }
  }
}
