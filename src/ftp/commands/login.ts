import { setTimeout as delay } from 'node:timers/promises';
import { plainAddress } from '../data-connector.ts';
import type { Reply } from '../replies.ts';
import type { Session } from '../session.ts';
import { type Command, open } from './command.ts';

/** RFC 959, section 4.1.1, and RFC 4217 for AUTH. */
export const loginCommands: readonly (readonly [string, Command])[] = [
  ['USER', open('USER <SP> name', async (session, name) => giveName(session, name))],
  ['PASS', open('PASS <SP> password', givePassword)],
  ['QUIT', open('QUIT', async () => ({ code: 221, text: 'Goodbye.' }))],
  // Clients ask first and go on without when this is refused.
  ['AUTH', open('AUTH <SP> mechanism', async () => ({ code: 502, text: 'TLS is not supported.' }))],
];

function giveName(session: Session, name: string): Reply {
  if (name === '') return { code: 501, text: 'USER needs a name.' };
  session.user = name;
  // A second USER begins anew (RFC 959, USER), which some clients do over one connection.
  session.fileSystem = undefined;
  session.workingFolder = '/';
  return { code: 331, text: 'Give the password with PASS.' };
}

async function givePassword(session: Session, password: string): Promise<Reply> {
  const { user, options } = session;
  if (user === undefined) return { code: 503, text: 'Give a name with USER first.' };
  session.user = undefined;
  const result = await options.login(user, password, plainAddress(session.socket.remoteAddress ?? ''));
  if (!('refused' in result)) {
    session.failedLogins = 0;
    session.loggedIn(result);
    return { code: 230, text: 'Logged in.' };
  }
  session.failedLogins++;
  session.log.warn({ address: session.socket.remoteAddress }, 'wrong name or password');
  await delay(options.limits.failedLoginDelayMs);
  return session.failedLogins < options.limits.loginAttempts
    ? { code: 530, text: 'The name or the password is wrong.' }
    : { code: 421, text: 'The name or the password was wrong too often.' };
}
