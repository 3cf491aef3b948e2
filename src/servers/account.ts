import { createHash, timingSafeEqual } from 'node:crypto';
import type { Account } from '../config/configuration.ts';

/** Whether name and password are right; takes the same time whichever of the two is wrong, and wherever. */
export function matchesAccount(account: Account, user: string, password: string): boolean {
  const rightUser = timingSafeEqual(digest(user), digest(account.user));
  const rightPassword = timingSafeEqual(digest(password), digest(account.password));
  return rightUser && rightPassword;
}

/** Comparison in constant time needs the same length on both sides. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
