import { FileSystemError } from '../../ftp/file-system.ts';

/**
 * What is wrong with a part: its storage server does not have it; it has another length than was written, so that no
 * block is sure to be where it belongs; or bytes of one stripe are wrong, header and footer counting to the first and
 * the last. What is right in the other stripes of it can still be used.
 */
export type PartDamage = 'missing' | 'length' | { readonly stripe: number };

export class DamagedPartError extends FileSystemError {
  readonly damage: PartDamage;

  constructor(damage: PartDamage, message: string) {
    super('damaged', message);
    this.damage = damage;
  }
}

/**
 * How one part of a segment turned out to be unusable. `damaged` is also what its storage server does not have; what is
 * `slow` may serve again, for want of others.
 */
export interface PartFailure {
  readonly index: number;
  readonly kind: 'damaged' | 'unavailable' | 'slow';
  readonly error: FileSystemError;
}

/** What an error of its storage server, or of its content, tells of a part. @throws any other error */
export function failureOf(index: number, error: unknown): PartFailure {
  if (!(error instanceof FileSystemError)) throw error;
  return { index, kind: error.kind === 'damaged' ? 'damaged' : 'unavailable', error };
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
