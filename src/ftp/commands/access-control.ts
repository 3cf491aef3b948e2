import type { Reply } from '../replies.ts';
import type { Session } from '../session.ts';
import { type Command, open, user } from './command.ts';

/** RFC 959, section 4.1.1; RFC 7151 for HOST, RFC 2640 for LANG; CLNT is the client's name, for the log alone. */
export const accessControlCommands: readonly (readonly [string, Command])[] = [
  ['ACCT', user('ACCT <SP> account', async () => ({ code: 202, text: 'No account is needed.' }))],
  ['CLNT', open('CLNT <SP> name', async (session, name) => noteClient(session, name))],
  ['HOST', open('HOST <SP> host', async (session, name) => host(session, name))],
  ['LANG', open('LANG [<SP> language]', async (_session, name) => language(name))],
  ['REIN', open('REIN', async (session) => reinitialize(session))],
];

function noteClient(session: Session, name: string): Reply {
  session.log.info({ client: name }, 'the client gave its name');
  return { code: 200, text: 'Noted.' };
}

/** There is one host behind every name, but it has to be chosen before the user is (RFC 7151, section 3.1). */
function host(session: Session, name: string): Reply {
  if (session.user !== undefined || session.fileSystem) {
    return { code: 503, text: 'HOST must come before USER.' };
  }
  if (!/^(?:[\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)*\.?|[\d.]+|\[[\da-f:.]+\])$/iu.test(name)) {
    return { code: 501, text: 'HOST needs the name of a host.' };
  }
  return { code: 220, text: 'Log in with USER and PASS.' };
}

function language(name: string): Reply {
  return name === '' || /^en(?:-|$)/i.test(name)
    ? { code: 200, text: 'Replies are in English.' }
    : { code: 504, text: 'Replies are in English only.' };
}

/**
 * As after connecting (RFC 959, REIN), but wrong logins are not forgotten, or guessing would begin anew. Over TLS it
 * would have to go on in plain text (RFC 4217, section 11), which nobody wants.
 */
function reinitialize(session: Session): Reply {
  if (session.isSecure) return { code: 502, text: 'Not over TLS: connect again.' };
  session.logOut();
  return { code: 220, text: 'Log in with USER and PASS.' };
}
