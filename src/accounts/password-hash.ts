import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';

/**
 * Passwords as they are stored: `$scrypt$ln=15,r=8,p=3$salt$hash`, in the PHC string format (base64 without padding).
 * The parameters stand in each string, so that later ones can be stronger while old ones go on working.
 */
interface Parameters {
  /** Binary logarithm of scrypt's N: memory is 128 * r * 2^ln bytes. */
  readonly ln: number;
  readonly r: number;
  readonly p: number;
}

interface ParsedHash extends Parameters {
  readonly salt: Buffer;
  readonly digest: Buffer;
}

/** 32 MiB and a fifth of a second or so each; one of the sets that OWASP's password storage cheat sheet gives. */
const parameters: Parameters = { ln: 15, r: 8, p: 3 };
const saltBytes = 16;
const digestBytes = 32;
/** A users file that asks for more is not obeyed: one login could take all memory. */
const mostMemoryBytes = 256 * 1024 * 1024;

/** The string to store for a password, with a new salt. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  const digest = await derive(password, salt, digestBytes, parameters);
  const { ln, r, p } = parameters;
  return `$scrypt$ln=${ln},r=${r},p=${p}$${encode(salt)}$${encode(digest)}`;
}

/** Whether this is a string of {@link hashPassword} that {@link verifyPassword} takes. */
export function isPasswordHash(text: string): boolean {
  return parse(text) !== undefined;
}

/**
 * Compares in constant time.
 * @throws TypeError when the hash is none
 */
export async function verifyPassword(hash: string, password: string): Promise<boolean> {
  const parsed = parse(hash);
  if (!parsed) throw new TypeError('this is not a stored password');
  return timingSafeEqual(await derive(password, parsed.salt, parsed.digest.length, parsed), parsed.digest);
}

/** A hash of a password that nobody knows: to verify against it takes as long as with any other. */
export function unmatchableHash(): string {
  const { ln, r, p } = parameters;
  return `$scrypt$ln=${ln},r=${r},p=${p}$${encode(randomBytes(saltBytes))}$${encode(randomBytes(digestBytes))}`;
}

function parse(text: string): ParsedHash | undefined {
  const match =
    /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{22,86})\$([A-Za-z0-9+/]{43,86})$/.exec(
      text,
    );
  if (!match) return undefined;
  const [ln, r, p] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const sensible = ln >= 10 && r >= 1 && p >= 1 && p <= 16 && 128 * r * 2 ** ln <= mostMemoryBytes;
  if (!sensible) return undefined;
  return {
    ln,
    r,
    p,
    salt: Buffer.from(match[4] ?? '', 'base64'),
    digest: Buffer.from(match[5] ?? '', 'base64'),
  };
}

/** In Node's thread pool; the event loop goes on. */
function derive(password: string, salt: Buffer, length: number, { ln, r, p }: Parameters): Promise<Buffer> {
  const options: ScryptOptions = { N: 2 ** ln, r, p, maxmem: 128 * r * (2 ** ln + p + 2) };
  return new Promise((resolve, reject) => {
    // The same characters can be typed in several ways of Unicode; RFC 8265, section 4.2, takes NFC.
    scrypt(password.normalize('NFC'), salt, length, options, (error, digest) =>
      error ? reject(error) : resolve(digest),
    );
  });
}

function encode(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
