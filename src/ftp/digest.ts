import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';

/**
 * The names of HASH (draft-bryan-ftpext-hash-02, section 3.1), the default first. Every server must have SHA-1;
 * CRC32 (ISO 3309, as in zlib) is what is known of every file without reading it.
 */
export const digestAlgorithms = ['SHA-256', 'SHA-1', 'CRC32'] as const;
export type DigestAlgorithm = (typeof digestAlgorithms)[number];

/**
 * The digest of a stream, or of its first `limit` bytes, and how many bytes that were. The stream is destroyed.
 * Rejects with the stream's error.
 */
export async function digestOf(
  source: Readable,
  algorithm: DigestAlgorithm,
  limit = Number.POSITIVE_INFINITY,
): Promise<{ digest: string; bytes: number }> {
  const sum = digester(algorithm);
  let bytes = 0;
  for await (const chunk of source.iterator()) {
    const wanted: Buffer = chunk.subarray(0, limit - bytes);
    sum.update(wanted);
    bytes += wanted.length;
    if (bytes === limit) break;
  }
  return { digest: sum.hex(), bytes };
}

interface Digester {
  update(bytes: Uint8Array): void;
  /** Called once, at the end. */
  hex(): string;
}

function digester(algorithm: DigestAlgorithm): Digester {
  if (algorithm === 'CRC32') {
    let value = 0;
    return {
      update: (bytes) => {
        value = crc32(bytes, value);
      },
      hex: () => value.toString(16).padStart(8, '0'),
    };
  }
  const hash = createHash(algorithm === 'SHA-1' ? 'sha1' : 'sha256');
  return { update: (bytes) => hash.update(bytes), hex: () => hash.digest('hex') };
}
