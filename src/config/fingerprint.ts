/** SHA-256 of a certificate's DER bytes, as 64 lowercase hexadecimal digits. */
export type Fingerprint = string;

/** Reads what people paste: hexadecimal digits in either case, with or without colons, and what programs put before. */
export function parseFingerprint(text: string): Fingerprint | undefined {
  const digits = text
    .trim()
    .replace(/^(?:SHA-?256)(?: Fingerprint)?[:=]/i, '')
    .replaceAll(/[:\s]/g, '')
    .toLowerCase();
  return /^[0-9a-f]{64}$/.test(digits) ? digits : undefined;
}

/** As OpenSSL, lftp and browsers show it: `AB:CD:...`. */
export function formatFingerprint(fingerprint: Fingerprint): string {
  return fingerprint.toUpperCase().match(/../g)?.join(':') ?? '';
}
