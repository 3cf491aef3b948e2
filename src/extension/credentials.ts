import { randomBytes } from 'node:crypto';
import type { SecretStorage } from 'vscode';
import type { Account } from '../config/configuration.ts';

/**
 * An account whose password VS Code keeps, generated when it is asked for the first time. All windows share it,
 * so that a second window can log in to the servers that the first one started.
 */
export async function generatedAccount(secrets: SecretStorage, user: string): Promise<Account> {
  const key = `password of ${user}`;
  const known = await secrets.get(key);
  if (known !== undefined) return { user, password: known };
  const password = randomBytes(18).toString('base64url');
  await secrets.store(key, password);
  return { user, password };
}
