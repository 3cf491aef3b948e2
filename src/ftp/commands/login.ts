import type { Reply } from '../replies.ts';
import type { Session } from '../session.ts';
import { type Command, open } from './command.ts';

/** RFC 959, section 4.1.1. */
export const loginCommands: readonly (readonly [string, Command])[] = [
  ['USER', open('USER <SP> name', async (session, name) => giveName(session, name))],
  ['PASS', open('PASS <SP> password', givePassword)],
  ['QUIT', open('QUIT', async () => ({ code: 221, text: 'Goodbye.' }))],
];

function giveName(session: Session, name: string): Reply {
  if (session.options.tls?.required && !session.isSecure) {
    return { code: 534, text: 'Nobody logs in in plain text here: use AUTH TLS first.' };
  }
  if (name === '') return { code: 501, text: 'USER needs a name.' };
  // A second USER begins anew (RFC 959, USER), which some clients do over one connection.
  session.fileSystem = undefined;
  session.workingFolder = '/';
  session.user = name;
  return { code: 331, text: 'Give the password with PASS.' };
}

async function givePassword(session: Session, password: string): Promise<Reply> {
  const { user, options, address, record } = session;
  if (user === undefined) return { code: 503, text: 'Give a name with USER first.' };
  session.user = undefined;
  if (!(await options.throttle.admit(address, session.closing))) {
    record.loginFailed(user, 'throttled');
    return { code: 421, text: 'Too many logins from your address are waiting: try again later.' };
  }
  const result = await options.login(user, password, address);
  if (!('refused' in result)) {
    session.failedLogins = 0;
    session.loggedIn(result);
    record.loggedIn(user);
    return { code: 230, text: 'Logged in.' };
  }
  record.loginFailed(user, result.refused);
  switch (result.refused) {
    case 'overloaded':
      return { code: 421, text: 'Too many logins are waiting: try again later.' };
    case 'no-home':
      return { code: 530, text: 'Your home folder cannot be used: ask the owner of this server.' };
    case 'unknown-name':
    case 'wrong-password':
      options.throttle.failed(address);
      session.failedLogins++;
      return session.failedLogins < options.limits.loginAttempts
        ? { code: 530, text: 'The name or the password is wrong.' }
        : { code: 421, text: 'The name or the password was wrong too often.' };
  }
}
