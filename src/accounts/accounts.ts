import type { Account } from '../config/configuration.ts';
import { matchesAccount } from '../servers/account.ts';
import { PasswordVerifier } from './password-verifier.ts';
import type { Users } from './users.ts';
import type { User } from './users-file.ts';

export type Identity =
  /** The account of the configuration, which everything belongs to. */
  | { readonly kind: 'owner' }
  | { readonly kind: 'user'; readonly user: User }
  | { readonly kind: 'nobody'; readonly refused: 'unknown-name' | 'wrong-password' | 'overloaded' };

/** Everybody who may log in to a coordinator. */
export class Accounts {
  readonly #owner: Account;
  readonly #users: Users;
  readonly #verifier: PasswordVerifier;

  constructor(owner: Account, users: Users, verifier = new PasswordVerifier()) {
    this.#owner = owner;
    this.#users = users;
    this.#verifier = verifier;
  }

  /** Who this is. A wrong password takes the same time for a user's name, the owner's, and one that nobody has. */
  async identify(name: string, password: string): Promise<Identity> {
    if (matchesAccount(this.#owner, name, password)) return { kind: 'owner' };
    const user = name === this.#owner.user ? undefined : await this.#users.find(name);
    const right = await this.#verifier.verify(user?.password, password);
    if (right === undefined) return { kind: 'nobody', refused: 'overloaded' };
    if (right && user) return { kind: 'user', user };
    const known = user !== undefined || name === this.#owner.user;
    return { kind: 'nobody', refused: known ? 'wrong-password' : 'unknown-name' };
  }
}
