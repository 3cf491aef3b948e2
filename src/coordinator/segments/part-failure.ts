import type { FileSystemError } from '../../ftp/file-system.ts';

/**
 * How one part of a segment turned out to be unusable. `damaged` is also what its storage server does not have; what is
 * `slow` may serve again, for want of others.
 */
export interface PartFailure {
  readonly index: number;
  readonly kind: 'damaged' | 'unavailable' | 'slow';
  readonly error: FileSystemError;
}

/** Reading cannot go on with these parts; with others it can, from the byte behind the last one handed out. */
export class PartFailuresError extends Error {
  readonly failures: readonly PartFailure[];

  constructor(failures: readonly PartFailure[]) {
    super(failures.map(({ error }) => error.message).join('; '));
    this.name = 'PartFailuresError';
    this.failures = failures;
  }
}
