import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatFingerprint, parseFingerprint } from '../../src/config/fingerprint.ts';

const fingerprints = fc.stringMatching(/^[0-9a-f]{64}$/);

test('a fingerprint is read back from what is shown', async () => {
  await fc.assert(
    fc.asyncProperty(fingerprints, async (fingerprint) => {
      const shown = formatFingerprint(fingerprint);
      expect(shown).toMatch(/^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/);
      for (const text of [
        fingerprint,
        shown,
        shown.toLowerCase(),
        ` ${shown} `,
        `SHA256 Fingerprint=${shown}`,
        `sha256 Fingerprint=${shown}`,
        `SHA-256:${shown}`,
        fingerprint.toUpperCase(),
      ]) {
        expect(parseFingerprint(text)).toBe(fingerprint);
      }
    }),
  );
});

test.each([
  '',
  'ab',
  'SHA1 Fingerprint=AB',
  'g'.repeat(64),
  'a'.repeat(63),
  'a'.repeat(65),
  `${'a'.repeat(64)}\n:b`,
])('what is none is refused: %j', (text) => expect(parseFingerprint(text)).toBeUndefined());
