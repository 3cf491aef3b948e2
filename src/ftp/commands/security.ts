import type { Reply } from '../replies.ts';
import type { Session } from '../session.ts';
import { type Command, open } from './command.ts';

/** RFC 4217, and RFC 2228 for the commands' meaning. */
export const securityCommands: readonly (readonly [string, Command])[] = [
  ['AUTH', open('AUTH <SP> TLS', async (session, mechanism) => authenticate(session, mechanism))],
  ['PBSZ', open('PBSZ <SP> 0', async (session, size) => bufferSize(session, size))],
  ['PROT', open('PROT <SP> C | P', async (session, level) => protectData(session, level))],
  ['CCC', open('CCC', async () => ({ code: 534, text: 'The control connection stays as it is.' }))],
];

function authenticate(session: Session, mechanism: string): Reply {
  if (!session.options.tls) return { code: 502, text: 'TLS is not offered.' };
  if (session.isSecure) return { code: 503, text: 'This connection is TLS already.' };
  if (!/^TLS(?:-C)?$/i.test(mechanism.trim())) return { code: 504, text: 'Use AUTH TLS.' };
  // Whoever stands between could have added it: it must not count as said over TLS.
  if (session.hasWaitingInput) return { code: 421, text: 'Nothing may follow AUTH before its reply.' };
  session.logOut();
  return { code: 234, text: 'Begin the TLS handshake.' };
}

function bufferSize(session: Session, size: string): Reply {
  if (!session.isSecure) return notSecure;
  if (!/^\d{1,10}$/.test(size)) return { code: 501, text: 'PBSZ needs a number; with TLS it is 0.' };
  return { code: 200, text: 'PBSZ=0' };
}

function protectData(session: Session, level: string): Reply {
  if (!session.isSecure) return notSecure;
  switch (level.trim().toUpperCase()) {
    case 'P':
      session.protectsData = true;
      return { code: 200, text: 'Data connections are TLS.' };
    case 'C':
      if (session.options.tls?.required) return { code: 534, text: 'Data must be protected: use PROT P.' };
      session.protectsData = false;
      return { code: 200, text: 'Data connections are plain.' };
    case 'S':
    case 'E':
      return { code: 536, text: 'TLS knows only PROT C and PROT P.' };
    default:
      return { code: 504, text: 'Use PROT P or PROT C.' };
  }
}

const notSecure: Reply = { code: 503, text: 'Use AUTH TLS first.' };
