import type { Account } from '../config/configuration.ts';
import { isLoopback } from '../config/loopback.ts';
import { StartError } from './start-error.ts';

const shortestPassword = 8;

/** What every attacker tries first, and the examples of READMEs. */
const wellKnownPasswords: ReadonlySet<string> = new Set([
  '12345678',
  '123456789',
  '1234567890',
  'administrator',
  'anonymous',
  'changeme',
  'iloveyou',
  'letmein1',
  'password',
  'passw0rd',
  'qwertyui',
  'qwertyuiop',
  'splitftp',
  'superuser',
]);

/**
 * A server that other machines reach needs a password that is not guessed at once.
 * @param passwordVariable the variable in `.env` that sets it
 * @throws StartError that names the variable, never the password
 */
export function requirePasswordOutsideLoopback(
  host: string,
  { user, password }: Account,
  passwordVariable: string,
): void {
  if (isLoopback(host)) return;
  const weakness = weaknessOf(user, password);
  if (weakness === undefined) return;
  throw new StartError(
    `${passwordVariable} ${weakness}, and ${host} can be reached from other machines: ` +
      `set ${passwordVariable} to a long random password, or listen on 127.0.0.1.`,
  );
}

function weaknessOf(user: string, password: string): string | undefined {
  const lower = password.toLowerCase();
  if ([...password].length < shortestPassword) return `has fewer than ${shortestPassword} characters`;
  if (lower === user.toLowerCase()) return 'is the user name';
  // password1 is no better than password.
  if (wellKnownPasswords.has(lower) || wellKnownPasswords.has(lower.replace(/\d+$/, ''))) {
    return 'is one that everybody tries';
  }
  return new Set(password).size < 4 ? 'repeats the same few characters' : undefined;
}
