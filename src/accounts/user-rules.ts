import { resolvePath } from '../ftp/virtual-path.ts';

/** What a person may choose for an account; each of these says what is wrong, or nothing. */

const longestName = 64;
const shortestPassword = 8;

export function nameProblem(name: string): string | undefined {
  if (name === '') return 'A user needs a name.';
  if (/[\p{Cc}/]/u.test(name)) return 'A user name may hold neither slashes nor control characters.';
  // Its home would be that of everybody.
  if (name === '.' || name === '..') return 'A user name is more than dots.';
  if (name !== name.trim()) return 'A user name may not begin or end with a space.';
  if (Buffer.byteLength(name) > longestName)
    return `A user name may not be longer than ${longestName} bytes.`;
  return undefined;
}

export function passwordProblem(password: string): string | undefined {
  // FTP sends it as the rest of a line.
  if (/\p{Cc}/u.test(password)) return 'A password may not hold control characters.';
  if ([...password].length < shortestPassword)
    return `A password has at least ${shortestPassword} characters.`;
  if (Buffer.byteLength(password) > 1024) return 'A password may not be longer than 1024 bytes.';
  return undefined;
}

export function homeProblem(home: string): string | undefined {
  const wrong = `A home is a folder of the pool as SplitFTP writes it, such as /photos: "${home}" is not.`;
  try {
    return resolvePath('/', home) === home ? undefined : wrong;
  } catch {
    return wrong;
  }
}
